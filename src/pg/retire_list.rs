//! Values that Postgres may still point into after they were replaced.
//!
//! A reader returns a pointer into the current value. The same statement may replace that value
//! (`select auth.uid(), set_config(…)`), and a cursor may hold the pointer for the rest of the
//! transaction. So a replaced value is retired. It is released when no statement can hold its
//! pointers any more: at the end of a transaction, unless a procedure is still running in it.

use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;

/// The number of replaced values that a transaction may keep; after that, readers copy.
const MOST_RETIRED: usize = 64;

/// The current value, and the values that it replaced in this transaction.
pub struct RetireList<T> {
    /// The value while none is set.
    unset: T,
    /// The value that was set last. It is kept while none is set, because it may be set again.
    last: RefCell<Option<Rc<T>>>,
    /// True if `last` is the current value, false if `unset` is.
    is_set: Cell<bool>,
    /// True if Postgres may point into `last`.
    lent: Cell<bool>,
    retired: RefCell<Vec<Rc<T>>>,
    /// The current value if it is hot: `unset`, or a lent `last`.
    hot: Cell<Option<NonNull<T>>>,
}

impl<T> RetireList<T> {
    /// A list on which no value is set; `unset` stands for it.
    pub const fn new(unset: T) -> Self {
        Self {
            unset,
            last: RefCell::new(None),
            is_set: Cell::new(false),
            lent: Cell::new(false),
            retired: RefCell::new(Vec::new()),
            hot: Cell::new(None),
        }
    }

    /// Returns `read` of the current value. The value stays while `read` runs, even if it is
    /// replaced.
    pub fn with_current<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        let last = match self.is_set.get() {
            true => self.last.borrow().clone(),
            false => None,
        };
        read(last.as_deref().unwrap_or(&self.unset))
    }

    /// Returns `read` of the current value if it is hot; otherwise returns `otherwise`. Every row
    /// takes this path: one load and one test. No transaction ends while `read` runs.
    #[inline(always)]
    pub fn hot_or<R>(&self, read: impl FnOnce(&T) -> R, otherwise: impl FnOnce() -> R) -> R {
        match self.hot.get() {
            // SAFETY: it points to `unset`, or to a value that the list holds: set() cools it, and
            // retires a lent one, which is released at the end of the transaction.
            Some(value) => read(unsafe { value.as_ref() }),
            None => otherwise(),
        }
    }

    /// Makes the current value hot, unless it must not be pointed into.
    pub fn heat(&'static self) {
        self.hot.set(match (self.is_set.get(), self.lent.get()) {
            (false, _) => Some(NonNull::from_ref(&self.unset)),
            (true, true) => self.last.borrow().as_deref().map(NonNull::from_ref),
            (true, false) => None,
        });
    }

    /// Returns true if the current value is hot.
    pub fn is_hot(&self) -> bool {
        self.hot.get().is_some()
    }

    /// Makes no value hot.
    pub fn cool(&self) {
        self.hot.set(None);
    }

    /// Unsets the value.
    pub fn unset(&self) {
        self.cool();
        self.is_set.set(false);
    }

    /// Makes the value that was set last the current one if it `fits`. Returns true if it does.
    pub fn set_last_if(&self, fits: impl FnOnce(&T) -> bool) -> bool {
        self.cool();
        let last = self.last.borrow().clone();
        let fits = last.is_some_and(|last| fits(&last));
        self.is_set.set(fits);
        fits
    }

    /// Returns false if a client that replaces values in a loop has filled the list. Postgres must
    /// then not point into the next value, so that it can be released as soon as it is replaced.
    /// The readers of that value copy.
    pub fn may_lend(&self) -> bool {
        self.retired.borrow().len() < MOST_RETIRED
    }

    /// Makes `value` the current one. `lent` is true if Postgres may point into it.
    pub fn set(&self, value: T, lent: bool) {
        self.cool();
        let old = self.last.replace(Some(Rc::new(value)));
        if let Some(old) = old.filter(|_| self.lent.get()) {
            self.retired.borrow_mut().push(old);
        }
        self.lent.set(lent);
        self.is_set.set(true);
    }

    /// Calls `each` with the values that may become the current one again.
    pub fn each(&self, each: impl Fn(&T)) {
        if let Some(last) = &*self.last.borrow() {
            each(last);
        }
        each(&self.unset);
    }

    /// Releases the retired values. To be called at the end of every transaction.
    pub fn end_of_transaction(&self) {
        // SAFETY: reads a global pointer. It is null unless a procedure or a DO block ends the
        // transaction from within a statement that goes on (tcop/pquery.c), and whose variables may
        // still point here.
        if unsafe { pg_sys::ActivePortal }.is_null() {
            drop(self.retired.take());
        }
    }
}
