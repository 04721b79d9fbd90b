//! Who gets no tokens of ours: asked at a sign-in, a refresh and a step-up, by the newest committed entries, whatever
//! the transaction's snapshot.

use super::lookup::entries;
use crate::pg::{leaf, transaction};
use crate::settings;
use authguard_token::{Entry, Kind, format_uuid};
use pgrx::Uuid;
use pgrx::prelude::*;

/// Whether an entry shuts a user (in canonical form) of our own out.
#[pg_extern(sql = false)]
fn authguard_is_blocked_by_entry(user: &str) -> bool {
    let now = transaction::clock();
    covers(&[(Kind::User, Some(user))], |entry| {
        entry.blocked && entry.blocked_until.is_none_or(|until| now < until)
    })
}

/// Whether an entry ends a session of our own whose row may say nothing of it: of the session itself, or a cut-off after
/// it began, for one of the user after the last proof of who the user is. Times are `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_is_ended_by_entry(user: &str, id: Uuid, began: i64, authenticated_at: i64) -> bool {
    let id = format_uuid(id.as_bytes());
    let (began, authenticated_at) = (
        leaf::unix_micros(began),
        leaf::unix_micros(authenticated_at),
    );
    let keys = [
        (Kind::Session, Some(id.as_str())),
        (Kind::User, Some(user)),
        (Kind::Issuer, Some("")),
    ];
    covers(&keys, |entry| {
        let is_before = |since| entry.issued_before.is_some_and(|cutoff| since <= cutoff);
        match entry.kind {
            Kind::User => is_before(authenticated_at),
            Kind::Issuer => is_before(began),
            _ => true,
        }
    })
}

/// Whether one of the entries that concern our own issuer does it.
fn covers(keys: &[(Kind, Option<&str>)], does: impl Fn(&Entry<'_>) -> bool) -> bool {
    let own = settings::issuer();
    let mut found = false;
    entries(keys, |entry| {
        found = entry.issuer.is_none_or(|issuer| issuer == own) && does(entry);
        !found
    });
    found
}
