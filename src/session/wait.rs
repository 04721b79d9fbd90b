//! Waits for other transactions, for a limited time.

use super::cut_offs;
use crate::attached;
use crate::error::Error;
use crate::pg::call::Value;
use crate::pg::plan::{Plan, sleep};
use crate::pg::state::PerBackend;
use crate::pg::{guc, unguarded};
use pgrx::pg_sys::{self, PgTryBuilder};
use pgrx::{PgSqlErrorCode, Uuid};
use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

/// The longest wait for any lock.
const LOCK_TIMEOUT: &CStr = c"2s";

/// The same in microseconds, for cut-offs.
const CUT_OFF_TIMEOUT: i64 = 2_000_000;

static AWAIT_SESSION: PerBackend<Plan> =
    Plan::new(c"select authguard.await_session($1)", &[pg_sys::UUIDOID]);

static AWAIT_SIGN_IN: PerBackend<Plan> =
    Plan::new(c"select authguard.await_sign_in($1)", &[pg_sys::TEXTOID]);

static AWAIT_CHANGES: PerBackend<Plan> =
    Plan::new(c"select authguard.await_changes($1)", &[pg_sys::TEXTOID]);

static LOCK_KEYS: PerBackend<Plan> = Plan::new(
    c"lock table authguard.issuer in share row exclusive mode",
    &[],
);

/// Runs `work`. A wait for a lock that takes longer than `LOCK_TIMEOUT` is an error (55P03).
pub fn briefly<R>(work: impl FnOnce() -> R) -> R {
    guc::with(c"lock_timeout", LOCK_TIMEOUT, work)
}

/// Runs `work` as [`briefly`] does, but with an error that says what to do.
pub fn for_a_client<R>(work: impl FnOnce() -> R) -> R {
    let work = AssertUnwindSafe(|| briefly(work));
    PgTryBuilder::new(work)
        .catch_when(PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE, |_| {
            Error::SessionHeld.raise()
        })
        .execute()
}

/// Waits for the transaction that has a session's row, and locks the row. Returns false if that
/// takes too long; `None` if there is no such session.
pub fn for_session(id: [u8; 16]) -> Option<bool> {
    briefly(|| {
        AWAIT_SESSION.run(&[Value::of(Uuid::from_bytes(id))], |row| {
            row.and_then(|row| row.get(1))
        })
    })
}

/// Waits until no other transaction changes issuers or keys, and keeps others from it until the end
/// of the transaction. Raises an error if that takes too long.
pub fn for_key_change() {
    let work = AssertUnwindSafe(|| briefly(|| LOCK_KEYS.run(&[], |_| ())));
    PgTryBuilder::new(work)
        .catch_when(PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE, |_| {
            Error::KeysHeld.raise()
        })
        .execute();
}

/// Waits until all cut-offs that other transactions are writing, and that cover sessions of this
/// user (in canonical form), have been committed or rolled back. Returns false if that takes too
/// long.
pub fn for_cut_offs(user: &str) -> bool {
    let end = unguarded::clock().saturating_add(CUT_OFF_TIMEOUT);
    loop {
        if cut_offs::are_committed(user) {
            return true;
        }
        if unguarded::clock() >= end {
            return false;
        }
        sleep(0.01);
    }
}

/// Waits for other sign-ins of a user (in canonical form), and keeps later ones waiting until this
/// transaction ends. Returns false if that takes too long.
pub fn for_sign_in(user: &str) -> bool {
    let wait = || AWAIT_SIGN_IN.run(&[Value::of(user)], |row| row.and_then(|row| row.get(1)));
    briefly(wait) == Some(true)
}

/// Waits until pending commits of changes of a user (in canonical form) have ended, if tokens must
/// be later than those changes. Returns false if that takes too long.
pub fn for_changes(user: &str) -> bool {
    let wait = || AWAIT_CHANGES.run(&[Value::of(user)], |row| row.and_then(|row| row.get(1)));
    !attached::refresh_on_change() || briefly(wait) == Some(true)
}
