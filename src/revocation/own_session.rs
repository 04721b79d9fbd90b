//! The row of `authguard.session` that an access token names.

use crate::invalidation;
use crate::pg::catalog::{self, Key, Row};
use crate::pg::timestamp;
use crate::settings;
use authguard_token::refresh::RefreshState;
use authguard_token::{Claims, OwnSession};
use pgrx::pg_sys::TimestampTz;

/// Columns, in the order of `sql/sessions.sql`.
pub mod column {
    pub const ID: i16 = 1;
    pub const USER_ID: i16 = 2;
    pub const ISSUER: i16 = 3;
    pub const CREATED_AT: i16 = 4;
    pub const AUTHENTICATED_AT: i16 = 5;
    pub const REFRESHED_AT: i16 = 6;
    pub const ROTATED_AT: i16 = 7;
    pub const COUNTER: i16 = 8;
    pub const REUSE_COUNT: i16 = 9;
    pub const STEPPED_UP_FROM: i16 = 10;
    pub const NOT_AFTER: i16 = 11;
    pub const AAL: i16 = 12;
    pub const AMR: i16 = 13;
    pub const CLAIMS: i16 = 14;
    pub const USER_AGENT: i16 = 15;
    pub const IP: i16 = 16;
    pub const TAG: i16 = 17;
    pub const ENDED_AT: i16 = 18;
    pub const ENDED_REASON: i16 = 19;
    pub const TOKENS_UNTIL: i16 = 20;
}

/// Whether `claims` are of a session that this database issued.
pub fn is_own(claims: &Claims) -> bool {
    claims.is_of_local_session(&settings::issuer())
}

/// The session of `claims`, if this database issued them: the outer `None` where it did not, the inner
/// where there is no such session of that user.
pub fn find(claims: &Claims) -> Option<Option<OwnSession>> {
    let id = claims.session_id.filter(|_| is_own(claims))?;
    let objects = invalidation::objects();
    let mut found = None;
    catalog::scan(
        objects.session,
        objects.index(c"session_pkey"),
        &[Key::Uuid(column::ID, id)],
        |row| {
            if row.text(column::USER_ID) == claims.subject {
                found = Some(read(&row));
            }
        },
    );
    Some(found)
}

fn read(row: &Row) -> OwnSession {
    let time = |column| {
        row.get::<i64>(column)
            .map(|at: TimestampTz| timestamp::unix_micros(at))
    };
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
