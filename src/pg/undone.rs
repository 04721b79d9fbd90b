//! Code that runs right after a transaction or subtransaction has been rolled back, when settings
//! have got their earlier values back.
//!
//! guc.c puts them back after the callbacks of xact.c have run. Later than that, and before
//! anything else runs, the memory of the transaction goes, and with it this code is called
//! (AtCleanup_Memory and AtSubCleanup_Memory in src/backend/access/transam/xact.c).

use super::shortage::without_failing;
use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::c_void;

/// True if the transaction or subtransaction that ended last has been rolled back.
static ROLLED_BACK: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// Notes how a transaction or subtransaction ends. To be called by the callbacks of xact.c.
pub(super) fn ends(committed: bool) {
    ROLLED_BACK.set(!committed);
}

/// Makes `call` run whenever the current transaction, or a subtransaction that this happens in, has
/// been rolled back. If it returns false, it runs again when the transaction or subtransaction
/// around has ended, however that ends. If it fails, the session ends.
pub fn after_rollback(call: fn() -> bool) {
    register(call, false);
}

fn register(call: fn() -> bool, is_due: bool) {
    /// The entry in the list of a memory context, and what to call.
    #[repr(C)]
    struct Registered {
        entry: pg_sys::MemoryContextCallback,
        call: fn() -> bool,
        is_due: bool,
    }

    unsafe extern "C-unwind" fn at_reset(registered: *mut c_void) {
        without_failing(|| {
            // SAFETY: made below by Box, and handed back once: mmgr takes an entry off its list
            // before it calls it (MemoryContextCallResetCallbacks).
            let registered = unsafe { Box::from_raw(registered.cast::<Registered>()) };
            let is_due = (registered.is_due || ROLLED_BACK.get()) && !(registered.call)();
            // SAFETY: reads the state of xact.c, which is still that of the subtransaction that
            // ends. The memory of the transaction around it is the current one already.
            if unsafe { pg_sys::GetCurrentTransactionNestLevel() } > 1 {
                register(registered.call, is_due);
            }
        });
    }

    let registered = Box::into_raw(Box::new(Registered {
        entry: pg_sys::MemoryContextCallback::default(),
        call,
        is_due,
    }));
    // SAFETY: the context lives until the end of the current transaction or subtransaction; the
    // entry lives until it is called.
    unsafe {
        (*registered).entry.func = Some(at_reset);
        (*registered).entry.arg = registered.cast();
        pg_sys::MemoryContextRegisterResetCallback(
            pg_sys::CurTransactionContext,
            &raw mut (*registered).entry,
        );
    }
}
