//! A flag of the transaction that a rollback to a savepoint takes back, if it was set after the
//! savepoint.

use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;

/// The level of nested transactions at which the flag was first set; 0 if it is not set.
pub struct SubxactFlag(PerBackend<Cell<i32>>);

impl SubxactFlag {
    pub const fn new() -> Self {
        Self(PerBackend::new(Cell::new(0)))
    }

    /// Returns true if the flag was set in this transaction, and not taken back.
    pub fn is_set(&self) -> bool {
        self.0.get() != 0
    }

    /// Sets the flag.
    pub fn set(&self) {
        self.set_at(current());
    }

    /// Sets the flag. It stays set, however this subtransaction ends.
    pub fn set_for_transaction(&self) {
        self.set_at(1);
    }

    fn set_at(&self, level: i32) {
        if !self.is_set() {
            self.0.set(level);
        }
    }

    /// Ends a subtransaction. To be called while it is the current one.
    pub fn end_of_subtransaction(&self, committed: bool) {
        let level = current();
        if self.0.get() >= level {
            self.0.set(if committed { level - 1 } else { 0 });
        }
    }

    /// Clears the flag when a transaction ends.
    pub fn end_of_transaction(&self) {
        self.0.set(0);
    }
}

fn current() -> i32 {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::GetCurrentTransactionNestLevel() }
}
