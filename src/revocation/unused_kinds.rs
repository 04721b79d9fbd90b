//! Which kinds of entries there are at all.
//!
//! Few databases use all five. A kind that has no entry is not looked for until one is written, which is noticed as
//! everything is that decides: so a token whose look-up would find nothing costs a descent of the index for the kinds that
//! are in use only.

use super::lookup::column;
use crate::invalidation;
use crate::pg::catalog::{self, Key};
use crate::pg::state::PerBackend;
use authguard_token::EntryKind;
use std::cell::Cell;

/// A set of kinds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    fn with(self, kind: EntryKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    pub fn has(self, kind: EntryKind) -> bool {
        self.with(kind) == self
    }
}

struct Known {
    /// Kinds that had no entry, and the generation that this was read under.
    unused: Cell<(u64, Kinds)>,
    /// Kinds that had one, at some time: they are looked for.
    used: Cell<Kinds>,
}

static KNOWN: PerBackend<Known> = PerBackend::new(Known {
    unused: Cell::new((0, Kinds(0))),
    used: Cell::new(Kinds(0)),
});

/// Those of `kinds` that surely have no entry, neither a newly committed one nor one of this transaction's own: each of its
/// commands that writes one ends with a new generation, as does what takes it back. To be asked after pending invalidations
/// were accepted.
pub fn unused(kinds: impl Iterator<Item = EntryKind>) -> Kinds {
    let objects = invalidation::objects();
    let generation = invalidation::revocations();
    let (under, known) = KNOWN.unused.get();
    let mut unused = if under == generation {
        known
    } else {
        Kinds::default()
    };
    let used = KNOWN.used.get();
    let unknown = kinds.filter(|kind| !unused.has(*kind) && !used.has(*kind));
    let mut unknown = unknown.peekable();
    if unknown.peek().is_none() {
        return unused;
    }
    let asked: Vec<_> = unknown
        .map(|kind| (kind, [Key::Text(column::KIND, kind.as_str())]))
        .collect();
    let used = asked.iter().fold(used, |used, (kind, _)| used.with(*kind));
    let (table, index) = (objects.revocation, objects.revocation_key);
    catalog::without_entries(table, index, asked, |kind| {
        unused = unused.with(kind);
    });
    KNOWN.unused.set((generation, unused));
    KNOWN.used.set(Kinds(used.0 & !unused.0));
    unused
}
