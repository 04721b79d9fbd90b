//! The kinds of entries that are not used at all.
//!
//! Few databases use all kinds. A kind that has no entry is not looked for until an entry of
//! it is written. A backend notices that as it notices every change that decides. So if the look-up
//! of a token would find nothing, it costs a descent of the index only for the kinds that are in
//! use.

use crate::invalidation::{self, PerGeneration};
use crate::pg::catalog::Key;
use crate::pg::state::PerBackend;
use crate::schema::{self, Table, revocation as column};
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

/// The kinds that had no entry.
static UNUSED: PerGeneration<u64, Kinds> = PerGeneration::new(invalidation::revocations, Kinds(0));

/// The kinds that had an entry at some time: they are looked for.
static USED: PerBackend<Cell<Kinds>> = PerBackend::new(Cell::new(Kinds(0)));

/// Returns those of `kinds` that surely have no entry, neither a newly committed one nor one that
/// this transaction has written. Each command that writes an entry ends with a new generation, and
/// so does a rollback of it. To be called after pending invalidations were accepted.
pub fn unused(kinds: impl Iterator<Item = EntryKind>) -> Kinds {
    let known = UNUSED.look(|unused| *unused);
    let used = USED.get();
    let unknown = kinds.filter(|kind| !known.has(*kind) && !used.has(*kind));
    let mut unknown = unknown.peekable();
    if unknown.peek().is_none() {
        return known;
    }
    let mut used = used;
    let read = || {
        let mut unused = known;
        schema::read(Table::Revocation, |table| {
            let asked: Vec<_> = unknown
                .map(|kind| (kind, [Key::Text(table.at(column::KIND), kind.as_str())]))
                .collect();
            used = asked.iter().fold(used, |used, (kind, _)| used.with(*kind));
            table.without_entries(asked, |kind| unused = unused.with(kind));
        });
        unused
    };
    let unused = UNUSED.read(read, |kept, unused| *kept = *unused);
    USED.set(Kinds(used.0 & !unused.0));
    unused
}
