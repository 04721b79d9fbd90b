//! What goes to the server's log, and to no client (src/backend/utils/error/elog.c).

use crate::keys::Cause;
use crate::settings::{self, RefusalLevel};
use pgrx::pg_sys;
use std::ffi::{CString, c_char, c_int};
use std::ptr;

/// pgrx's report cannot hide the statement, and leaves by a jump when a cancel is pending.
mod declared {
    use super::{c_char, c_int};

    unsafe extern "C" {
        pub fn errstart(elevel: c_int, domain: *const c_char) -> bool;
        pub fn errmsg_internal(format: *const c_char, ...) -> c_int;
        pub fn errhidestmt(hide: bool) -> c_int;
        pub fn errhidecontext(hide: bool) -> c_int;
        pub fn errfinish(filename: *const c_char, lineno: c_int, funcname: *const c_char);
    }
}

/// Says why a token was refused, and nothing of what it holds: no statement and no context, in which it
/// could be written. Clients never get it, whatever their `client_min_messages`: it would tell an attacker
/// which part to change.
pub fn refused_token(cause: Cause) {
    let wanted = match settings::log_refused_tokens() {
        RefusalLevel::off => false,
        // SAFETY: reads a setting of guc.c.
        RefusalLevel::debug1 => unsafe { pg_sys::log_min_messages <= pg_sys::DEBUG1 as i32 },
        RefusalLevel::log => true,
    };
    let message = CString::new(format!("token refused: {cause}")).unwrap_or_default();
    if !wanted {
        return;
    }
    // SAFETY: the calls of the macro ereport, in its order. The level is below ERROR, so errfinish comes
    // back; it ends with a look at interrupts, which are held meanwhile (HOLD_INTERRUPTS in miscadmin.h),
    // because a cancel would jump over the frames of whoever logs. The texts outlive the calls.
    unsafe {
        pg_sys::InterruptHoldoffCount += 1;
        if declared::errstart(pg_sys::LOG_SERVER_ONLY as c_int, ptr::null()) {
            declared::errmsg_internal(c"%s".as_ptr(), message.as_ptr());
            declared::errhidestmt(true);
            declared::errhidecontext(true);
            declared::errfinish(c"log.rs".as_ptr(), 0, c"refused_token".as_ptr());
        }
        pg_sys::InterruptHoldoffCount -= 1;
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::refused_token;
    use crate::keys::Cause;
    use pgrx::prelude::*;

    #[pg_test]
    fn a_cancel_waits_until_a_refusal_is_logged() {
        // SAFETY: flags of globals.c, set as the signal's handler does and taken back at once.
        let still_pending = unsafe {
            pg_sys::QueryCancelPending = 1;
            pg_sys::InterruptPending = 1;
            refused_token(Cause::NoIssuer);
            let still_pending = pg_sys::QueryCancelPending;
            pg_sys::QueryCancelPending = 0;
            pg_sys::InterruptPending = 0;
            still_pending
        };
        assert_eq!(still_pending, 1);
    }
}
