//! Waits for other transactions, for a limited time.

use crate::attached;
use crate::error::Error;
use crate::pg::call::Value;
use crate::pg::guc;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use pgrx::pg_sys::{self, PgTryBuilder};
use pgrx::{PgSqlErrorCode, Uuid};
use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

/// The longest wait for any lock.
const LOCK_TIMEOUT: &CStr = c"2s";

static AWAIT_SESSION: PerBackend<Plan> =
    Plan::new(c"select authguard.await_session($1)", &[pg_sys::UUIDOID]);

static LOCK_KEYS: PerBackend<Plan> = Plan::new(
    c"lock table authguard.issuer in share row exclusive mode",
    &[],
);

static AWAIT_CHANGES: PerBackend<Plan> = Plan::new(c"select authguard.await_changes()", &[]);

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

/// Waits until pending commits of changes of attached users have ended, if tokens must be later
/// than those changes. Returns false if that takes too long.
pub fn for_changes() -> bool {
    !attached::refresh_on_change()
        || briefly(|| AWAIT_CHANGES.run(&[], |row| row.and_then(|row| row.get(1)))) == Some(true)
}
