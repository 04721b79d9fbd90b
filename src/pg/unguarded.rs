//! The few Postgres functions that the per-row path calls. pgrx wraps every call into Postgres in a
//! `sigsetjmp`, which costs 10 ns a row; these five cannot raise an error, so they are declared
//! here and called bare.

use super::timestamp::{self, POSTGRES_EPOCH};
use pgrx::pg_sys;

mod declared {
    use pgrx::pg_sys;

    unsafe extern "C" {
        pub fn GetCurrentStatementStartTimestamp() -> pg_sys::TimestampTz;
        pub fn GetCurrentTransactionStartTimestamp() -> pg_sys::TimestampTz;
        pub fn GetCurrentTimestamp() -> pg_sys::TimestampTz;
        pub fn GetSessionUserId() -> pg_sys::Oid;
        pub fn GetCurrentCommandId(used: bool) -> pg_sys::CommandId;
    }
}

/// A time at which no statement starts.
pub const NEVER: i64 = i64::MIN;

/// The time at which the current client message arrived, in microseconds since the Unix epoch. It
/// tells one statement from the next, and a statement is judged by it. If the transaction began
/// later, this returns the transaction's time: after a COMMIT in a procedure or a DO block, which
/// goes on for as long as it likes (StartTransaction in xact.c).
#[inline(always)]
pub fn statement_start() -> i64 {
    // SAFETY: each returns a static of xact.c and nothing else.
    let (message, transaction) = unsafe {
        (
            declared::GetCurrentStatementStartTimestamp(),
            declared::GetCurrentTransactionStartTimestamp(),
        )
    };
    message.max(transaction).wrapping_add(POSTGRES_EPOCH)
}

/// The clock, in microseconds since the Unix epoch.
pub fn clock() -> i64 {
    // SAFETY: asks the system for the time and nothing else (timestamp.c).
    timestamp::unix_micros(unsafe { declared::GetCurrentTimestamp() })
}

/// The login role of the session, or the role that a superuser has set with SET SESSION
/// AUTHORIZATION.
#[inline(always)]
pub fn session_user() -> pg_sys::Oid {
    // SAFETY: returns a static of miscinit.c, set before any function can be called.
    unsafe { declared::GetSessionUserId() }
}

/// The current command of the transaction. It grows with each command that follows a write.
#[inline(always)]
pub fn command_id() -> pg_sys::CommandId {
    // SAFETY: with `used` false it returns a static of xact.c; only `true` can raise an error.
    unsafe { declared::GetCurrentCommandId(false) }
}
