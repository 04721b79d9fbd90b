//! The checks that the SQL makes before it writes entries: how long their texts may be, whether
//! they are in force, and how long they are kept.

use crate::error::Error;
use crate::pg::call::{guarded, raw_function};
use crate::pg::{timestamp, unguarded};
use crate::settings;
use authguard_token::{
    Entry, EntryKind, MAX_IDENTITY_BYTES, MAX_REASON_BYTES, expiry_with_leeway, latest_expiry,
};
use pgrx::prelude::*;

/// Raises an error if an identity of so many bytes is longer than claims may have. `name` is its
/// name in the message.
pub fn check_identity(name: &str, bytes: usize) {
    if bytes > MAX_IDENTITY_BYTES {
        Error::Argument(
            format!("{name} has at most {MAX_IDENTITY_BYTES} bytes"),
            Some("No token is known by a longer one."),
        )
        .raise();
    }
}

/// Raises an error if a reason of so many bytes is too long.
fn check_reason(bytes: usize) {
    if bytes > MAX_REASON_BYTES {
        let message = format!("a reason has at most {MAX_REASON_BYTES} bytes");
        Error::Argument(message, None).raise();
    }
}

raw_function!(
    /// `authguard.check_entry(key, issuer, reason)`. It checks only the lengths: if the database's
    /// encoding is not UTF-8, Rust cannot read all of its texts.
    authguard_check_entry,
    |call| guarded(|| {
        check_identity("an identity", call.octet_length(0).max(call.octet_length(1)));
        check_reason(call.octet_length(2));
        pg_sys::Datum::null()
    })
);

raw_function!(
    /// `authguard.check_reason(reason)`.
    authguard_check_reason,
    |call| guarded(|| {
        check_reason(call.octet_length(0));
        pg_sys::Datum::null()
    })
);

/// An entry of a user. Times are `timestamptz`.
fn user_entry(
    blocked: bool,
    blocked_until: Option<i64>,
    issued_before: Option<i64>,
) -> Entry<'static> {
    Entry {
        kind: EntryKind::User,
        issuer: None,
        client: None,
        blocked,
        blocked_until: blocked_until.map(timestamp::unix_micros),
        issued_before: issued_before.map(timestamp::unix_micros),
        include_keys: false,
    }
}

#[pg_extern(sql = false)]
fn authguard_blocks(blocked: bool, blocked_until: Option<i64>) -> bool {
    user_entry(blocked, blocked_until, None).blocks(unguarded::clock())
}

#[pg_extern(sql = false)]
fn authguard_cuts_off(issued_before: i64, since: i64) -> bool {
    user_entry(false, None, Some(issued_before)).cuts_off(timestamp::unix_micros(since))
}

/// A `timestamptz` in microseconds; `None` if it is infinite (DT_NOBEGIN and DT_NOEND in
/// datatype/timestamp.h).
fn finite(time: i64) -> Option<i64> {
    (!matches!(time, i64::MIN | i64::MAX)).then(|| timestamp::unix_micros(time))
}

/// Takes and returns `timestamptz`. An infinite time stays as it is.
#[pg_extern(sql = false)]
fn authguard_expiry_with_leeway(expires_at: i64) -> i64 {
    finite(expires_at)
        .and_then(|at| timestamp::timestamptz(expiry_with_leeway(at)))
        .unwrap_or(expires_at)
}

/// Takes and returns `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_latest_expiry(issued_at: i64) -> Option<i64> {
    let end = latest_expiry(finite(issued_at)?, settings::max_token_lifetime())?;
    timestamp::timestamptz(end)
}

raw_function!(
    /// `authguard.time_before(at, age)`, which is strict.
    authguard_time_before,
    |call| guarded(|| match (call.argument(0), call.argument(1)) {
        (Some(at), Some(age)) => timestamp::minus_interval(at.value() as i64, age).into(),
        _ => call.null(),
    })
);
