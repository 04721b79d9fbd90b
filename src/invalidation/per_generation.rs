//! Values that were read from tables, remembered until these may say something else.

use super::has_changed;
use crate::pg::state::PerBackend;
use std::cell::RefCell;

/// What was read under a generation. Under another one nothing is remembered.
pub struct PerGeneration<G, T>(PerBackend<Kept<G, T>>);

struct Kept<G, T> {
    generation: fn() -> G,
    values: RefCell<(Option<G>, T)>,
}

impl<G: PartialEq, T: Default> PerGeneration<G, T> {
    /// Remembers nothing yet. `generation` gives that of the moment.
    pub const fn new(generation: fn() -> G, nothing: T) -> Self {
        Self(PerBackend::new(Kept {
            generation,
            values: RefCell::new((None, nothing)),
        }))
    }

    /// Shows what is remembered under the generation of the moment.
    pub fn look<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        let generation = Some((self.0.generation)());
        let mut values = self.0.values.borrow_mut();
        if values.0 != generation {
            *values = (generation, T::default());
        }
        look(&mut values.1)
    }

    /// Reads a value, and lets `keep` remember it under the generation from before it was read: an
    /// invalidation that arrives meanwhile may be about what was read. What this transaction has
    /// written itself is not remembered, because a rollback takes it back.
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
    /// The one value, read if it is not remembered.
    pub fn get(&self, read: impl FnOnce() -> Option<V>) -> Option<V> {
        self.look(|known| known.clone())
            .or_else(|| self.read(read, |known, value| known.clone_from(value)))
    }
}
