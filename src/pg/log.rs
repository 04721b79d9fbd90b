//! What goes to the server's log, and to no client (src/backend/utils/error/elog.c).

use super::state::PerBackend;
use crate::keys::Cause;
use crate::settings::{self, RefusalLevel};
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;

/// pgrx's report cannot hide the statement, and leaves by a jump when a cancel is pending.
mod declared {
    use super::{c_char, c_int};

    unsafe extern "C" {
        pub fn errstart(elevel: c_int, domain: *const c_char) -> bool;
        pub fn errmsg_internal(format: *const c_char, ...) -> c_int;
        pub fn errhint(format: *const c_char, ...) -> c_int;
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
    if wanted {
        let message = CString::new(format!("token refused: {cause}")).unwrap_or_default();
        server_only(pg_sys::LOG_SERVER_ONLY as c_int, &message, None);
    }
}

/// Says once in each backend that the database is a copy.
pub fn copied_database() {
    static TOLD: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));
    if !TOLD.replace(true) {
        server_only(
            pg_sys::WARNING as c_int,
            c"this database was restored, cloned or upgraded: authguard may not know what was revoked since",
            Some(c"Where in doubt: authguard.end_all_sessions(). Then: authguard.acknowledge_restore()."),
        );
    }
}

fn server_only(level: c_int, message: &CStr, hint: Option<&CStr>) {
    // SAFETY: the calls of the macro ereport, in its order. The level is below ERROR, so errfinish comes
    // back; it ends with a look at interrupts, which are held meanwhile (HOLD_INTERRUPTS in miscadmin.h),
    // because a cancel would jump over the frames of whoever logs. The texts outlive the calls. errstart
    // decides by client_min_messages what a client gets: ERROR, so nothing of this.
    unsafe {
        let clients = pg_sys::client_min_messages;
        pg_sys::client_min_messages = pg_sys::PGERROR as c_int;
        pg_sys::InterruptHoldoffCount += 1;
        if declared::errstart(level, ptr::null()) {
            declared::errmsg_internal(c"%s".as_ptr(), message.as_ptr());
            if let Some(hint) = hint {
                declared::errhint(c"%s".as_ptr(), hint.as_ptr());
            }
            declared::errhidestmt(true);
            declared::errhidecontext(true);
            declared::errfinish(c"log.rs".as_ptr(), 0, c"server_only".as_ptr());
        }
        pg_sys::InterruptHoldoffCount -= 1;
        pg_sys::client_min_messages = clients;
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
