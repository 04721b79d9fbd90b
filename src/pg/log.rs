//! Messages for the server's log that no client gets (src/backend/utils/error/elog.c).

use pgrx::pg_sys;
use std::ffi::{CStr, c_char, c_int};
use std::ptr;

/// The functions that are declared here because pgrx's report cannot hide the statement, leaves by
/// a jump if a cancel is pending, and needs memory.
pub(super) mod declared {
    use super::{c_char, c_int};

    unsafe extern "C" {
        pub fn errstart(elevel: c_int, domain: *const c_char) -> bool;
        pub fn errcode(sqlerrcode: c_int) -> c_int;
        pub fn errmsg_internal(format: *const c_char, ...) -> c_int;
        pub fn errhint(format: *const c_char, ...) -> c_int;
        pub fn errhidestmt(hide: bool) -> c_int;
        pub fn errhidecontext(hide: bool) -> c_int;
        pub fn errfinish(filename: *const c_char, lineno: c_int, funcname: *const c_char);
    }
}

/// The level of a message for the server's log.
#[derive(Clone, Copy)]
pub enum LogLevel {
    /// LOG_SERVER_ONLY.
    Log,
    /// WARNING.
    Warning,
}

/// Returns true if the log takes messages of level DEBUG1.
pub fn takes_debug() -> bool {
    // SAFETY: reads a setting of guc.c.
    unsafe { pg_sys::log_min_messages <= pg_sys::DEBUG1 as i32 }
}

/// Writes a message to the server's log and to no client, without the statement and its context.
pub fn server_only(level: LogLevel, message: &CStr, hint: Option<&CStr>) {
    let level = match level {
        LogLevel::Log => pg_sys::LOG_SERVER_ONLY,
        LogLevel::Warning => pg_sys::WARNING,
    } as c_int;
    // SAFETY: the calls of the macro ereport, in its order. The level is below ERROR, so errfinish
    // comes back; it ends with a look at interrupts, which are held meanwhile (HOLD_INTERRUPTS in
    // miscadmin.h), because a cancel would take the report's place. An error for want of memory is
    // still possible: it sets the count to 0, and the boundary makes it an error of Rust, which
    // leaves no frame of the caller out. The texts outlive the calls. errstart decides by
    // client_min_messages what a client gets: that is ERROR here, so the client gets nothing of
    // this.
    unsafe {
        let _clients = Clients(pg_sys::client_min_messages);
        pg_sys::client_min_messages = pg_sys::PGERROR as c_int;
        pg_sys::ffi::pg_guard_ffi_boundary(|| {
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
        });
    }
}

/// Puts the clients' level of messages back, also when it is dropped by unwinding.
struct Clients(c_int);

impl Drop for Clients {
    fn drop(&mut self) {
        // SAFETY: a setting of guc.c, as it was before the report.
        unsafe { pg_sys::client_min_messages = self.0 };
    }
}

/// Runs `work` while a cancel is pending, and returns true if it still is afterwards.
#[cfg(any(test, feature = "pg_test"))]
pub fn with_cancel_pending(work: impl FnOnce()) -> bool {
    // SAFETY: flags of globals.c, set as the signal's handler does and taken back at once.
    unsafe {
        pg_sys::QueryCancelPending = 1;
        pg_sys::InterruptPending = 1;
        work();
        let still_pending = pg_sys::QueryCancelPending != 0;
        pg_sys::QueryCancelPending = 0;
        pg_sys::InterruptPending = 0;
        still_pending
    }
}
