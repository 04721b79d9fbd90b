//! The rules of who gets no tokens from the local issuer. Sign-in, refresh and step-up check them
//! by the newest committed entries and rows, whatever the transaction's snapshot.

use super::record::Session;
use crate::attached;
use crate::pg::{encoding::Utf8, timestamp, unguarded};
use crate::revocation::entries;
use crate::settings;
use authguard_token::{Entry, EntryKind, format_uuid};
use pgrx::Uuid;
use pgrx::prelude::*;

/// The causes that shut a session of the local issuer even if its row does not show them.
pub struct Shut {
    /// True if the session's user is shut out.
    pub user: bool,
    /// True if the session has ended for one of these reasons: `authguard.issuer` has changed, an
    /// entry revokes the session, or a cut-off covers it. A cut-off of the user covers the session
    /// if it covers the last proof of who the user is; any other, if it covers the session's begin.
    pub session: bool,
}

/// Returns the causes that shut a session.
pub fn session(session: &Session) -> Shut {
    let times = &session.times;
    by_entries(
        &session.user,
        &session.id,
        &session.issuer,
        times.created_at,
        times.authenticated_at,
    )
}

/// Returns the causes that shut a session of `user` (in canonical form). Times are in microseconds.
fn by_entries(user: &str, id: &[u8; 16], issuer: &str, began: i64, authenticated_at: i64) -> Shut {
    let now = unguarded::clock();
    let id = format_uuid(id);
    let keys = [
        (EntryKind::Session, Some(id.as_str())),
        (EntryKind::User, Some(user)),
        (EntryKind::Issuer, Some("")),
    ];
    let mut shut = Shut {
        user: false,
        session: issuer != settings::issuer(),
    };
    own_entries(&keys, |entry| match entry.kind {
        EntryKind::User => {
            shut.user |= entry.blocks(now);
            shut.session |= entry.cuts_off(authenticated_at);
        }
        EntryKind::Issuer => shut.session |= entry.cuts_off(began),
        _ => shut.session = true,
    });
    shut.user |= attached::shuts(user);
    shut
}

/// Returns true if a user (in canonical form) of the local issuer is shut out: by
/// `authguard.revoke_user`, or by an attached table.
pub fn user(user: &str) -> bool {
    let now = unguarded::clock();
    let mut shut = false;
    own_entries(&[(EntryKind::User, Some(user))], |entry| {
        shut |= entry.blocks(now)
    });
    shut || attached::shuts(user)
}

/// The time at which the tokens of a user (in canonical form) of the local issuer last became
/// stale, in microseconds.
pub fn claims_changed(user: &str) -> Option<i64> {
    let mut changed = None;
    own_entries(&[(EntryKind::Claims, Some(user))], |entry| {
        changed = changed.max(entry.issued_before);
    });
    changed
}

/// Shows the entries that concern the local issuer.
fn own_entries(keys: &[(EntryKind, Option<&str>)], mut each: impl FnMut(&Entry<'_>)) {
    let own = settings::issuer();
    entries(keys, |entry| {
        if entry.issuer.is_none_or(|issuer| issuer == own) {
            each(entry);
        }
        true
    });
}

/// Returns true if something other than its row ends a session of that issuer. Times are
/// `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_is_cut_off(
    id: Uuid,
    user: Utf8,
    issuer: Utf8,
    began: i64,
    authenticated_at: i64,
) -> bool {
    let (began, authenticated_at) = (
        timestamp::unix_micros(began),
        timestamp::unix_micros(authenticated_at),
    );
    by_entries(&user, id.as_bytes(), &issuer, began, authenticated_at).session
}
