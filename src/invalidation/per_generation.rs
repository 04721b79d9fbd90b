//! Values that were read from tables. They are remembered until the tables may say something
//! different.

use super::has_changed;
use crate::pg::state::PerBackend;
use std::cell::RefCell;

/// The values that were read under one generation. Under another generation nothing is remembered.
pub struct PerGeneration<G, T>(PerBackend<Kept<G, T>>);

struct Kept<G, T> {
    generation: fn() -> G,
    values: RefCell<(Option<G>, T)>,
}

impl<G: PartialEq, T: Default> PerGeneration<G, T> {
    /// Remembers nothing yet. `generation` returns the current generation.
    pub const fn new(generation: fn() -> G, nothing: T) -> Self {
        Self(PerBackend::new(Kept {
            generation,
            values: RefCell::new((None, nothing)),
        }))
    }

    /// Shows the values that are remembered under the current generation.
    pub fn look<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        let generation = Some((self.0.generation)());
        let mut values = self.0.values.borrow_mut();
        if values.0 != generation {
            *values = (generation, T::default());
        }
        look(&mut values.1)
    }

    /// Reads a value, and lets `keep` remember it under the generation from before the read: an
    /// invalidation that arrives meanwhile may be about the value. If this transaction has changed
    /// the tables, nothing is remembered, because a rollback would take the change back.
    pub fn read<V>(&self, read: impl FnOnce() -> V, keep: impl FnOnce(&mut T, &V)) -> V {
        let generation = Some((self.0.generation)());
        let value = read();
        let mut values = self.0.values.borrow_mut();
        if values.0 == generation && !has_changed() {
            keep(&mut values.1, &value);
        }
        value
    }
}

impl<G: PartialEq, V: Clone> PerGeneration<G, Option<V>> {
    /// Returns the one value. Reads it if it is not remembered.
    pub fn get(&self, read: impl FnOnce() -> Option<V>) -> Option<V> {
        self.look(|known| known.clone())
            .or_else(|| self.read(read, |known, value| known.clone_from(value)))
    }
}
