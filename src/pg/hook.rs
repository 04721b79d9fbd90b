//! A call into a room above this one, which is named once, in `_PG_init`: so whoever is below need not know who is
//! above.

use super::state::PerBackend;
use std::cell::Cell;

/// What is called when something happens.
pub struct Hook(PerBackend<Cell<fn()>>);

impl Hook {
    /// Calls nobody yet.
    pub const fn new() -> Self {
        Self(PerBackend::new(Cell::new(|| {})))
    }

    /// Names whom to call.
    pub fn set(&self, call: fn()) {
        self.0.set(call);
    }

    /// It has happened.
    pub fn call(&self) {
        (self.0.get())();
    }
}
