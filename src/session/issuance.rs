//! The rules of who gets no tokens from the local issuer. Sign-in, refresh and step-up check them
//! by the newest committed entries and rows, whatever the transaction's snapshot.

use super::record::Session;
use crate::attached;
use crate::invalidation::until_still;
use crate::pg::catalog::Snapshot;
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
    one_state(|snapshot| {
        let mut shut = Shut {
            user: false,
            session: issuer != settings::issuer(),
        };
        own_entries(&keys, snapshot, |entry| match entry.kind {
            EntryKind::User => {
                shut.user |= entry.blocks(now);
                shut.session |= entry.cuts_off(authenticated_at);
            }
            EntryKind::Issuer => shut.session |= entry.cuts_off(began),
            _ => shut.session = true,
        });
        shut.user |= attached::shuts(user, snapshot);
        shut
    })
}

/// Returns true if a user (in canonical form) of the local issuer is shut out: by
/// `authguard.revoke_user`, or by an attached table.
pub fn user(user: &str) -> bool {
    begin(user, i64::MIN).is_none()
}

/// Returns when a session of a user (in canonical form) of the local issuer begins: at `now`
/// (microseconds), or directly after the last cut-off that covers the user, if the clock was set
/// back since. `None` if the user is shut out.
pub fn begin(user: &str, now: i64) -> Option<i64> {
    let clock = unguarded::clock();
    let keys = [(EntryKind::User, Some(user)), (EntryKind::Issuer, Some(""))];
    one_state(|snapshot| {
        let (mut shut, mut last) = (false, None);
        own_entries(&keys, snapshot, |entry| {
            shut |= entry.blocks(clock);
            last = last.max(entry.issued_before);
        });
        let after = last.map_or(now, |last: i64| now.max(last.saturating_add(1)));
        (!shut && !attached::shuts(user, snapshot)).then_some(after)
    })
}

/// The time at which the tokens of a user (in canonical form) of the local issuer last became
/// stale, in microseconds.
pub fn claims_changed(user: &str) -> Option<i64> {
    one_state(|snapshot| {
        let mut changed = None;
        own_entries(&[(EntryKind::Claims, Some(user))], snapshot, |entry| {
            changed = changed.max(entry.issued_before);
        });
        changed
    })
}

/// Returns what `look` finds in one committed state, the newest.
fn one_state<R>(look: impl Fn(Snapshot<'_>) -> R) -> R {
    until_still(|| Snapshot::with_newest(&look))
}

/// Shows the entries of a snapshot that concern the local issuer.
fn own_entries(
    keys: &[(EntryKind, Option<&str>)],
    snapshot: Snapshot<'_>,
    mut each: impl FnMut(&Entry<'_>),
) {
    let own = settings::issuer();
    entries(keys, snapshot, |entry| {
        if entry.issuer.is_none_or(|issuer| issuer == own) {
            each(entry);
        }
        true
    });
}

/// Returns true if a user (in canonical form) of the local issuer is shut out.
#[pg_extern(sql = false)]
fn authguard_is_shut_out(id: Utf8) -> bool {
    user(&id)
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
