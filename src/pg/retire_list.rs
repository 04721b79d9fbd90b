//! Values that Postgres may still point into after they were replaced.
//!
//! A reader answers with a pointer into the current value. The same statement may replace that value
//! (`select auth.uid(), set_config(…)`), and a cursor may hold the pointer for the rest of the
//! transaction. So a replaced value is retired, and released when no statement can hold its pointers:
//! at the end of a transaction that no procedure is still running in.

use pgrx::pg_sys;
use std::cell::{Cell, RefCell};

/// How many replaced values a transaction may keep before their readers are told to copy instead.
const MOST_RETIRED: usize = 64;

/// The current value, and those that it replaced in this transaction.
pub struct RetireList<T: 'static> {
    current: Cell<Option<&'static T>>,
    lent: Cell<bool>,
    retired: RefCell<Vec<&'static T>>,
}

impl<T> RetireList<T> {
    /// An empty shelf.
    pub const fn new() -> Self {
        Self {
            current: Cell::new(None),
            lent: Cell::new(false),
            retired: RefCell::new(Vec::new()),
        }
    }

    /// The value on the shelf.
    pub fn current(&self) -> Option<&'static T> {
        self.current.get()
    }

    /// False when a client that replaces values in a loop has filled the shelf: the next value must
    /// not be pointed into, its readers copy, and it can be released as soon as it is replaced.
    pub fn may_lend(&self) -> bool {
        self.retired.borrow().len() < MOST_RETIRED
    }

    /// Puts `value` on the shelf; `lent` tells whether anybody may point into it.
    pub fn replace(&self, value: Box<T>, lent: bool) -> &'static T {
        let new: &'static T = Box::leak(value);
        let old = self.current.replace(Some(new));
        if let Some(old) = old {
            if self.lent.get() {
                self.retired.borrow_mut().push(old);
            } else {
                release(old);
            }
        }
        self.lent.set(lent);
        new
    }

    /// To be called at the end of every transaction.
    pub fn end_of_transaction(&self) {
        // SAFETY: reads a global pointer. It is null unless a procedure or a DO block ends the
        // transaction from within a statement that goes on (tcop/pquery.c), and whose variables may
        // still point here.
        if !unsafe { pg_sys::ActivePortal }.is_null() {
            return;
        }
        for old in self.retired.take() {
            release(old);
        }
    }
}

fn release<T>(old: &'static T) {
    // SAFETY: `old` came from Box::leak in replace(), is on no list any more, and by the rule at the
    // head of this file nothing points into it.
    drop(unsafe { Box::from_raw(std::ptr::from_ref(old).cast_mut()) });
}
