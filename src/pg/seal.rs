//! `authguard.seal_claims`: the first claims of a transaction stand until it ends.
//!
//! They are first when they are set in it, or were there and are read. A later change is refused where the
//! setting is checked, and for RESET, which guc.c does not check, where it is assigned. A rollback to a
//! savepoint takes back what was set after it, and the seal with it.

use super::state::PerBackend;
use crate::error::Error;
use crate::settings;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::CStr;

/// At which level of nested transactions the seal was made; 0: there is none.
static SEALED: PerBackend<Cell<i32>> = PerBackend::new(Cell::new(0));

/// Whether the settings are being defined: what was set before is adopted then, value by value.
static ADOPTING: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// Runs `define`, in which settings get the values that they had before the library was loaded.
pub fn adopting(define: impl FnOnce()) {
    ADOPTING.set(true);
    define();
    ADOPTING.set(false);
}

/// Whether a setting that is `now` may become `new`.
pub fn allows(now: &CStr, new: &CStr) -> bool {
    SEALED.get() == 0 || !settings::seal_claims() || now == new || !is_change()
}

/// A setting that was `now` becomes `new`. Raises an error where that is not allowed.
pub fn assigned(now: &CStr, new: &CStr) {
    if !allows(now, new) {
        Error::Sealed.raise();
    }
    if SEALED.get() == 0 && !new.is_empty() && is_change() {
        // SAFETY: reads the state of xact.c.
        SEALED.set(unsafe { pg_sys::GetCurrentTransactionNestLevel() });
    }
}

/// Claims were read: those of before the transaction stand, too.
pub fn read() {
    if SEALED.get() == 0 {
        SEALED.set(1);
    }
}

/// A subtransaction ends. To be called while it is the current one.
pub fn end_of_subtransaction(committed: bool) {
    // SAFETY: reads the state of xact.c.
    let level = unsafe { pg_sys::GetCurrentTransactionNestLevel() };
    if SEALED.get() >= level {
        SEALED.set(if committed { level - 1 } else { 0 });
    }
}

/// A transaction ends.
pub fn end_of_transaction() {
    SEALED.set(0);
}

/// Whether somebody changes a setting. Not so while a transaction ends and guc.c puts earlier values back,
/// while a parallel worker takes over those of its leader, nor while they are adopted.
fn is_change() -> bool {
    // SAFETY: reads the state of xact.c and of parallel.c.
    unsafe { pg_sys::IsTransactionState() && pg_sys::ParallelWorkerNumber < 0 && !ADOPTING.get() }
}
