//! Marks on relations of the extension, and the list of tables that each feed is read from.

use super::tables::Table;
use std::cell::Cell;

/// A set of relations, by their places.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Places(u16);

impl Places {
    pub const NONE: Self = Self(0);
    /// All relations, and their schema.
    pub const ALL: Self = Self(u16::MAX);
    /// The mark of no relation: every relation must be looked up.
    pub const UNFINISHED: Self = Self(1 << 15);

    /// The place of one relation. The places of the tables come first, in the order of
    /// [`Table::ALL`].
    pub const fn at(place: usize) -> Self {
        Self(1 << place)
    }

    pub const fn of(table: Table) -> Self {
        Self(1 << table as usize)
    }

    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub const fn has_any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    pub fn has(self, place: usize) -> bool {
        self.0 >> place & 1 != 0
    }
}

/// Marks that can be set and removed.
pub struct Marks(Cell<Places>);

impl Marks {
    pub const fn new(places: Places) -> Self {
        Self(Cell::new(places))
    }

    pub fn get(&self) -> Places {
        self.0.get()
    }

    pub fn add(&self, places: Places) {
        self.0.set(self.0.get().and(places));
    }

    pub fn remove(&self, places: Places) {
        self.0.set(self.0.get().without(places));
    }

    /// Sets the marks to `places`, and returns the earlier ones.
    pub fn replace(&self, places: Places) -> Places {
        self.0.replace(places)
    }
}

/// A feed: values that are remembered from the rows of several tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Decisions about tokens.
    Revocations,
    /// Issuers, keys, verified tokens and the claims function.
    Keys,
}

impl Feed {
    /// The tables that this feed is read from.
    pub const fn tables(self) -> Places {
        match self {
            Self::Revocations => Places::of(Table::Revocation)
                .and(Places::of(Table::Session))
                .and(Places::of(Table::Attached))
                .and(Places::of(Table::Installation)),
            Self::Keys => Places::of(Table::Issuer)
                .and(Places::of(Table::Key))
                .and(Places::of(Table::ClaimsFunction)),
        }
    }
}
