//! The row of `authguard.session` that an access token names.

use crate::pg::catalog::{Key, Snapshot};
use crate::schema::{self, Record, Table, session as column};
use crate::settings;
use authguard_token::refresh::RefreshState;
use authguard_token::{Claims, OwnSession};

/// Returns true if `claims` belong to a session that this database issued.
pub fn is_own(claims: &Claims) -> bool {
    claims.is_of_local_session(&settings::issuer())
}

/// The session of `claims`. The outer `None` means that this database did not issue them, the inner
/// one that there is no such session of that user.
pub fn find(claims: &Claims, snapshot: Snapshot<'_>) -> Option<Option<OwnSession>> {
    if !is_own(claims) {
        return None;
    }
    // A session of another name than a UUID has no row.
    let Some(id) = claims.session_id else {
        return Some(None);
    };
    let mut found = None;
    schema::read_at(Table::Session, snapshot, |table| {
        table.scan(&[Key::Uuid(table.at(column::ID), id)], |row| {
            if row.text(column::USER_ID) == claims.subject {
                found = Some(read(row));
            }
        });
    });
    Some(found)
}

fn read(row: &Record<'_>) -> OwnSession {
    let time = |column| row.time(column);
    let began = time(column::CREATED_AT).unwrap_or(i64::MIN);
    let times = RefreshState {
        created_at: began,
        refreshed_at: time(column::REFRESHED_AT).unwrap_or(i64::MIN),
        not_after: time(column::NOT_AFTER),
        ..RefreshState::begin(began)
    };
    OwnSession {
        began,
        authenticated_at: time(column::AUTHENTICATED_AT),
        has_ended: time(column::ENDED_AT).is_some(),
        ends_at: times.expires_at(&settings::refresh()),
    }
}
