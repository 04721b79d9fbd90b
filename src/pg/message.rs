//! The end of a client message. A statement is one client message here
//! (src/backend/tcop/postgres.c).
//!
//! PostgresMain resets `MessageContext` before it reads each message, and a context that is reset
//! calls back. So values that were settled for one message can be dropped at the next, and the path
//! of every row need not find out which statement it is in.

use super::shortage::without_failing;
use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

type Call = fn();

/// The function that the next message calls.
static AWAITED: PerBackend<Cell<Option<Call>>> = PerBackend::new(Cell::new(None));

static mut CALLBACK: pg_sys::MemoryContextCallback = pg_sys::MemoryContextCallback {
    func: Some(at_reset),
    arg: ptr::null_mut(),
    next: ptr::null_mut(),
};

/// Makes the next message call `then`. Returns false in a process that reads no messages, such as
/// the apply worker of logical replication. A parallel worker lives for one statement only.
pub fn await_next(then: Call) -> bool {
    // SAFETY: reads globals. The callback is on the list of at most one context, once: mmgr takes
    // it off before it is called (MemoryContextCallResetCallbacks), and MessageContext lives as
    // long as its backend.
    unsafe {
        if pg_sys::ParallelWorkerNumber >= 0 || AWAITED.get().is_some() {
            return true;
        }
        // A background worker may have its own MessageContext, which nobody resets.
        if pg_sys::MyBackendType != pg_sys::BackendType::B_BACKEND
            || pg_sys::MessageContext.is_null()
        {
            return false;
        }
        pg_sys::MemoryContextRegisterResetCallback(pg_sys::MessageContext, &raw mut CALLBACK);
    }
    AWAITED.set(Some(then));
    true
}

unsafe extern "C-unwind" fn at_reset(_arg: *mut c_void) {
    if let Some(then) = AWAITED.take() {
        without_failing(then);
    }
}
