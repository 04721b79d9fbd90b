//! The ways in which a condition can be true: conjunctions of simple comparisons between columns of
//! the policy's row, columns of the tables that sub-selects and helpers read, the caller, and
//! constants.
//!
//! Casts, `(select …)`, the order of operands, `IN`, `ANY`, `EXISTS`, joins and `CASE` are gone,
//! and the bodies of helpers stand where they are called. So a rule sees the same whether a policy
//! says `is_member(org_id)`, `org_id in (select my_orgs())` or `exists (select … where …)`.

mod book;
mod combine;
mod helpers;
mod of_expr;
mod of_text;
mod reader;
pub(super) mod sql;

use std::collections::BTreeSet;

use super::caller::Source;

pub(super) use book::{Book, Entry, Link};
pub(super) use of_text::source as source_of_text;
pub(super) use reader::Reader;

/// The source that is the policy's own row.
pub(super) const ROW: u32 = 0;

/// The most ways that a condition is followed into.
const MAX_WAYS: usize = 64;

/// The most combinations of ways that are made, of which some are contradictions.
const MAX_PRODUCT: usize = 512;

/// The most simple conditions of one way: each is looked at beside all others.
const MAX_ATOMS: usize = 200;

/// A way in which a condition can be true: rows of these tables exist for which all this holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Way {
    pub(super) reads: Vec<Read>,
    pub(super) atoms: Vec<Atom>,
}

/// A table that a sub-select reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// Its number in the condition, from 1 on.
    pub(super) source: u32,
    pub(super) relation: u32,
    /// True if the policy does so itself, false if a helper does.
    pub(super) is_own: bool,
    /// False if it is read with the rights of a helper's owner.
    pub(super) as_caller: bool,
}

/// A column of the policy's row or of a table that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) source: u32,
    pub(super) relation: u32,
    pub(super) attno: i16,
}

/// A simple condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom {
    Compare(How, Term, Term),
    IsNull(Term),
    IsNotNull(Term),
    /// Something else about these.
    Test(Vec<Cell>),
    /// Something that is not known, with the columns it is about.
    Unknown(Vec<Cell>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Equal, or an element of it.
    Equal,
    NotEqual,
    Other,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Cell(Cell),
    /// What the caller is or says.
    Caller(Source),
    /// A constant, or some of them, as text; nothing for NULL.
    Constant(Option<String>),
    /// A parameter of a function that is looked at by itself.
    Parameter(usize),
    /// Made of these.
    Of(Vec<Term>),
    Unknown(Vec<Cell>),
}

/// A value, and what has to be there for it.
#[derive(Clone, Debug)]
struct Value {
    way: Way,
    term: Term,
}

impl Value {
    /// Returns the way in which it is one of these constants, or is none of them.
    fn compared(&self, how: How, constants: &[Self]) -> Way {
        let mut way = self.way.clone();
        for constant in constants {
            let atom = Atom::Compare(how, self.term.clone(), constant.term.clone());
            way.atoms.push(atom);
        }
        way
    }
}

impl Term {
    pub(super) fn cells(&self) -> Vec<Cell> {
        match self {
            Self::Cell(cell) => vec![*cell],
            Self::Of(terms) => terms.iter().flat_map(Self::cells).collect(),
            Self::Unknown(cells) => cells.clone(),
            Self::Caller(_) | Self::Constant(_) | Self::Parameter(_) => Vec::new(),
        }
    }

    pub(super) fn cell(&self) -> Option<Cell> {
        match self {
            Self::Cell(cell) => Some(*cell),
            _ => None,
        }
    }

    fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Of(terms) => terms.iter().any(Self::is_unknown),
            _ => false,
        }
    }

    pub(super) fn has_caller(&self) -> bool {
        match self {
            Self::Caller(_) => true,
            Self::Of(terms) => terms.iter().any(Self::has_caller),
            _ => false,
        }
    }
}

impl Atom {
    pub(super) fn cells(&self) -> Vec<Cell> {
        match self {
            Self::Compare(_, left, right) => [left.cells(), right.cells()].concat(),
            Self::IsNull(term) | Self::IsNotNull(term) => term.cells(),
            Self::Test(cells) | Self::Unknown(cells) => cells.clone(),
        }
    }

    fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Compare(_, left, right) => left.is_unknown() || right.is_unknown(),
            Self::IsNull(term) | Self::IsNotNull(term) => term.is_unknown(),
            Self::Test(_) => false,
        }
    }

    /// Returns true if it is about the caller alone and true for every user who is signed in:
    /// `auth.uid() is not null`, `auth.role() = 'authenticated'`.
    fn is_for_any_user(&self) -> bool {
        match self {
            Self::IsNotNull(Term::Caller(_)) => true,
            Self::Compare(How::Equal, left, right) => {
                let role = |term: &Term| match term {
                    Term::Caller(Source::Claim(path)) => path.as_slice() == ["role"],
                    Term::Caller(Source::DatabaseRole) => true,
                    _ => false,
                };
                let client = |term: &Term| match term {
                    Term::Constant(Some(text)) => text
                        .split(',')
                        .any(|role| ["anon", "authenticated"].contains(&role)),
                    _ => false,
                };
                role(left) && client(right) || role(right) && client(left)
            }
            _ => false,
        }
    }
}

impl Way {
    fn unknown(cells: Vec<Cell>) -> Self {
        Self {
            reads: Vec::new(),
            atoms: vec![Atom::Unknown(cells)],
        }
    }

    fn of(atom: Atom) -> Self {
        Self {
            reads: Vec::new(),
            atoms: vec![atom],
        }
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            reads: [self.reads.as_slice(), &other.reads].concat(),
            atoms: [self.atoms.as_slice(), &other.atoms].concat(),
        }
    }

    /// Returns true if it wants a value to be NULL and to be something.
    fn is_contradiction(&self) -> bool {
        let nulls = self.atoms.iter().filter_map(|atom| match atom {
            Atom::IsNull(term) => Some(term),
            _ => None,
        });
        nulls.into_iter().any(|null| {
            self.atoms.iter().any(|atom| match atom {
                Atom::IsNotNull(term) => term == null,
                Atom::Compare(How::Equal, left, right) => left == null || right == null,
                _ => false,
            })
        })
    }

    /// Returns true if a part of it is not known: no rule may say what it lets pass.
    pub(super) fn is_unknown(&self) -> bool {
        self.atoms.iter().any(Atom::is_unknown)
    }

    /// Returns true if it holds for each row, whoever asks, as long as somebody is signed in.
    pub(super) fn is_open(&self) -> bool {
        self.reads.is_empty() && self.atoms.iter().all(Atom::is_for_any_user)
    }

    /// Returns true if it holds whatever the row and the caller.
    pub(super) fn is_true(&self) -> bool {
        self.reads.is_empty() && self.atoms.is_empty()
    }

    /// Returns the numbers of the row's own columns that it asks about.
    pub(super) fn row_columns(&self) -> BTreeSet<i16> {
        let cells = self.atoms.iter().flat_map(Atom::cells);
        cells
            .filter(|cell| cell.source == ROW)
            .map(|cell| cell.attno)
            .collect()
    }

    /// Returns the columns that are equal to this one, itself included.
    pub(super) fn equals(&self, cell: Cell) -> BTreeSet<Cell> {
        let mut equal = BTreeSet::from([cell]);
        loop {
            let before = equal.len();
            for atom in &self.atoms {
                if let Atom::Compare(How::Equal, Term::Cell(a), Term::Cell(b)) = atom
                    && (equal.contains(a) || equal.contains(b))
                {
                    equal.extend([*a, *b]);
                }
            }
            if equal.len() == before {
                return equal;
            }
        }
    }

    /// Returns the row's column that a column is equal to, or that it is made of, as the folder in
    /// a file's name.
    pub(super) fn row_of(&self, cell: Cell) -> Option<Cell> {
        let equal = self.equals(cell);
        let made = self.atoms.iter().find_map(|atom| match atom {
            Atom::Compare(How::Equal, Term::Cell(cell), Term::Of(terms))
            | Atom::Compare(How::Equal, Term::Of(terms), Term::Cell(cell))
                if equal.contains(cell) =>
            {
                let mut cells = terms.iter().flat_map(Term::cells);
                cells.find(|cell| cell.source == ROW)
            }
            _ => None,
        });
        equal.into_iter().find(|cell| cell.source == ROW).or(made)
    }

    /// Returns what of the caller a column is equal to.
    pub(super) fn caller_of(&self, cell: Cell) -> Option<&Source> {
        let equal = self.equals(cell);
        self.atoms.iter().find_map(|atom| match atom {
            Atom::Compare(How::Equal, Term::Cell(cell), Term::Caller(source))
            | Atom::Compare(How::Equal, Term::Caller(source), Term::Cell(cell))
                if equal.contains(cell) =>
            {
                Some(source)
            }
            _ => None,
        })
    }

    /// Returns true if something of the row has to be the caller, or something of him: an owner, a
    /// folder that is named like him.
    pub(super) fn binds_row(&self) -> bool {
        let is_row = |term: &Term| term.cells().iter().any(|cell| cell.source == ROW);
        self.atoms.iter().any(|atom| match atom {
            Atom::Compare(How::Equal, a, b) => {
                is_row(a) && b.has_caller() || is_row(b) && a.has_caller()
            }
            _ => false,
        })
    }

    /// Returns the constants that a column has to be, as `role = 'admin'` says.
    pub(super) fn constants_of(&self, cell: Cell) -> Vec<&str> {
        let equal = self.equals(cell);
        let constants = self.atoms.iter().filter_map(|atom| match atom {
            Atom::Compare(How::Equal, Term::Cell(cell), Term::Constant(Some(text)))
            | Atom::Compare(How::Equal, Term::Constant(Some(text)), Term::Cell(cell))
                if equal.contains(cell) =>
            {
                Some(text.as_str())
            }
            _ => None,
        });
        constants.collect()
    }

    /// Returns true if a column has to be a constant: `published`, `kind = 'public'`.
    pub(super) fn has_constant(&self) -> bool {
        self.atoms.iter().any(|atom| {
            matches!(
                atom,
                Atom::Compare(_, Term::Cell(_), Term::Constant(_))
                    | Atom::Compare(_, Term::Constant(_), Term::Cell(_))
            )
        })
    }

    /// Returns the columns of a source that it asks about.
    pub(super) fn cells_of(&self, source: u32) -> BTreeSet<Cell> {
        let cells = self.atoms.iter().flat_map(Atom::cells);
        cells.filter(|cell| cell.source == source).collect()
    }

    /// Returns true if a column of this source is compared with a constant, or is tested otherwise
    /// than by equality: `role = 'admin'`, `level > 2`. Not so for the caller, or for a state:
    /// `status = 'active'`, `approved`.
    pub(super) fn has_test_of(&self, source: u32) -> bool {
        const STATES: &[&str] = &["true", "false", "active", "accepted", "approved", "joined"];
        let of = |term: &Term| term.cells().iter().any(|cell| cell.source == source);
        let is_state = |term: &Term| match term {
            Term::Constant(Some(text)) => STATES.contains(&text.as_str()),
            _ => false,
        };
        self.atoms.iter().any(|atom| match atom {
            Atom::Compare(how, left, right) => {
                let pairs = [(left, right), (right, left)];
                pairs.into_iter().any(|(own, other)| {
                    let is_constant = other.cells().is_empty() && !is_state(other);
                    let is_plain = *how == How::Equal && own.cell().is_some();
                    of(own) && !other.has_caller() && (is_constant || !is_plain && !is_state(other))
                })
            }
            Atom::IsNotNull(_) | Atom::IsNull(_) => false,
            Atom::Test(cells) | Atom::Unknown(cells) => {
                cells.iter().any(|cell| cell.source == source)
            }
        })
    }

    /// Returns true if it asks about the caller something that not every user is or has: a claim, a
    /// role.
    pub(super) fn asks_caller_alone(&self) -> bool {
        self.atoms.iter().any(|atom| {
            !atom.is_for_any_user()
                && match atom {
                    Atom::Compare(_, left, right) => {
                        atom.cells().is_empty() && (left.has_caller() || right.has_caller())
                    }
                    Atom::IsNull(term) | Atom::IsNotNull(term) => {
                        atom.cells().is_empty() && term.has_caller()
                    }
                    Atom::Test(cells) => cells.is_empty(),
                    Atom::Unknown(_) => true,
                }
        })
    }
}

/// All of these hold: each way with each.
fn both(left: &[Way], right: &[Way]) -> Vec<Way> {
    if left.len().saturating_mul(right.len()) > MAX_PRODUCT {
        return too_many([left, right].concat());
    }
    let pairs = left.iter().flat_map(|a| right.iter().map(|b| a.and(b)));
    bounded(pairs.filter(|way| !way.is_contradiction()).collect())
}

/// Too many ways are none that a rule may judge, nor is one of too many conditions.
fn bounded(ways: Vec<Way>) -> Vec<Way> {
    if ways.len() <= MAX_WAYS && ways.iter().all(|way| way.atoms.len() <= MAX_ATOMS) {
        return ways;
    }
    too_many(ways)
}

fn too_many(ways: Vec<Way>) -> Vec<Way> {
    let cells = ways.iter().flat_map(|way| &way.atoms).flat_map(Atom::cells);
    let cells: BTreeSet<_> = cells.collect();
    vec![Way::unknown(cells.into_iter().collect())]
}

/// The condition that holds always.
fn always() -> Vec<Way> {
    vec![Way::default()]
}
