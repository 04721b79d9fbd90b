//! A call into a higher room. `_PG_init` names the function once, so the lower room need not import
//! the higher one.

use super::state::PerBackend;
use std::cell::Cell;

/// The function that is called when something happens.
pub struct Hook(PerBackend<Cell<fn()>>);

impl Hook {
    /// A hook that calls nothing yet.
    pub const fn new() -> Self {
        Self(PerBackend::new(Cell::new(|| {})))
    }

    /// Names the function.
    pub fn set(&self, call: fn()) {
        self.0.set(call);
    }

    /// Calls the function.
    pub fn call(&self) {
        (self.0.get())();
    }
}
