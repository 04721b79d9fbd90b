//! What has happened in a transaction, with the level of nested transactions at which it first did: a rollback to a
//! savepoint takes it back.

use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;

/// Whether it has happened, and where; 0: it has not.
pub struct SubxactFlag(PerBackend<Cell<i32>>);

impl SubxactFlag {
    pub const fn new() -> Self {
        Self(PerBackend::new(Cell::new(0)))
    }

    /// Whether it has happened in this transaction, and was not taken back.
    pub fn is_set(&self) -> bool {
        self.0.get() != 0
    }

    /// It happens now.
    pub fn set(&self) {
        self.set_at(current());
    }

    /// It happens now, and stands however this subtransaction ends.
    pub fn set_for_transaction(&self) {
        self.set_at(1);
    }

    fn set_at(&self, level: i32) {
        if !self.is_set() {
            self.0.set(level);
        }
    }

    /// A subtransaction ends. To be called while it is the current one.
    pub fn end_of_subtransaction(&self, committed: bool) {
        let level = current();
        if self.0.get() >= level {
            self.0.set(if committed { level - 1 } else { 0 });
        }
    }

    /// A transaction ends.
    pub fn end_of_transaction(&self) {
        self.0.set(0);
    }
}

fn current() -> i32 {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::GetCurrentTransactionNestLevel() }
}
