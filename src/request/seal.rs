//! `authguard.seal_claims`: the first claims of a transaction stand until it ends.
//!
//! Claims are the first if they are set in the transaction, or if they were set before it and are
//! read in it. A later change is refused when the setting is checked. RESET, which guc.c does not
//! check, is refused when the setting is assigned. A rollback to a savepoint takes back everything
//! that was set after the savepoint, and also the seal.

use crate::error::Error;
use crate::pg::state::PerBackend;
use crate::pg::subxact_flag::SubxactFlag;
use crate::pg::transaction;
use crate::settings;
use std::cell::Cell;
use std::ffi::CStr;

/// Set if the claims are sealed.
static SEALED: SubxactFlag = SubxactFlag::new();

/// True while the settings are being defined. Values that were set before are then adopted, one by
/// one.
static ADOPTING: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// Runs `define`, in which settings get the values that they had before the library was loaded.
pub fn adopting(define: impl FnOnce()) {
    ADOPTING.set(true);
    define();
    ADOPTING.set(false);
}

/// Returns true if the claims are sealed.
pub fn stands() -> bool {
    SEALED.is_set() && settings::seal_claims()
}

/// Returns true if a setting that is `now` may become `new`.
pub fn allows(now: &CStr, new: &CStr) -> bool {
    !stands() || now == new || !is_change()
}

/// Notes that a setting that was `now` becomes `new`. Raises an error if that is not allowed.
pub fn assigned(now: &CStr, new: &CStr) {
    if !allows(now, new) {
        Error::Sealed.raise();
    }
    if !new.is_empty() && is_change() {
        SEALED.set();
    }
}

/// Notes that claims were read. They stand, even if they were set before the transaction.
pub fn read() {
    SEALED.set_for_transaction();
}

/// Ends a subtransaction. To be called while it is the current one.
pub fn end_of_subtransaction(committed: bool) {
    SEALED.end_of_subtransaction(committed);
}

/// Ends a transaction.
pub fn end_of_transaction() {
    SEALED.end_of_transaction();
}

/// Returns true if somebody changes a setting. A setting is restored and not changed in three
/// cases: while a transaction ends and guc.c puts earlier values back, while a parallel worker
/// takes over the values of its leader, and while values are adopted.
pub fn is_change() -> bool {
    transaction::is_in_progress() && !transaction::is_parallel_worker() && !is_adopting()
}

/// Returns true while values from before the library was loaded are adopted.
pub fn is_adopting() -> bool {
    ADOPTING.get()
}
