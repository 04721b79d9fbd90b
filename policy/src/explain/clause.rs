//! What the clauses of a condition say, each by itself, and which of them is to blame.

use super::evaluate::Values;
use super::policies::Condition;
use super::step::Outcome;
use crate::clauses::{Clause, Parts};
use crate::expr::Column;

impl Condition {
    pub fn clause(&self) -> Clause<'_> {
        Clause::of(&self.expr, &self.sql)
    }

    /// Returns true if it reads a column whose number is such.
    pub fn reads(&self, is_such: fn(i16) -> bool) -> bool {
        let columns = self.expr.columns();
        let mut own = columns.iter().filter_map(|column| match column {
            Column::Own { varno: 1, attno } => Some(*attno),
            _ => None,
        });
        own.any(is_such)
    }

    pub fn passes(&self, values: &Values<'_>) -> bool {
        self.clause().outcome(values) == Outcome::True
    }
}

impl Clause<'_> {
    /// The leaves that read no column of the row.
    pub(super) fn leaves_free(&self) -> Vec<String> {
        let leaves = self.leaves();
        let is_free = |leaf: &&&Clause<'_>| {
            let columns = leaf.expr.columns();
            let reads = columns
                .iter()
                .any(|column| !matches!(column, Column::Relation { .. }));
            !reads && leaf.expr.opaque().is_empty()
        };
        let free = leaves.iter().filter(is_free);
        free.map(|leaf| leaf.sql.to_owned()).collect()
    }

    /// The answer of a clause: its own if it was evaluated, otherwise that of its parts.
    pub(super) fn outcome(&self, values: &Values<'_>) -> Outcome {
        let own = values.outcome(self.sql);
        if own != Outcome::Skipped {
            return own;
        }
        let parts = || self.children().iter().map(|child| child.outcome(values));
        match &self.parts {
            Parts::Leaf => own,
            Parts::All(_) => all(parts()),
            Parts::Any(_) => any(parts()),
            Parts::Not(_) => match parts().next() {
                Some(Outcome::True) => Outcome::False,
                Some(Outcome::False) => Outcome::True,
                other => other.unwrap_or(Outcome::Skipped),
            },
        }
    }
}

pub(super) fn all(mut parts: impl Iterator<Item = Outcome>) -> Outcome {
    parts
        .by_ref()
        .fold(Outcome::True, |so_far, part| match (so_far, part) {
            (Outcome::False, _) | (_, Outcome::False) => Outcome::False,
            (Outcome::Error, _) | (_, Outcome::Error) => Outcome::Error,
            (Outcome::Skipped, _) | (_, Outcome::Skipped) => Outcome::Skipped,
            (Outcome::Null, _) | (_, Outcome::Null) => Outcome::Null,
            _ => Outcome::True,
        })
}

pub(super) fn any(mut parts: impl Iterator<Item = Outcome>) -> Outcome {
    parts
        .by_ref()
        .fold(Outcome::False, |so_far, part| match (so_far, part) {
            (Outcome::True, _) | (_, Outcome::True) => Outcome::True,
            (Outcome::Error, _) | (_, Outcome::Error) => Outcome::Error,
            (Outcome::Skipped, _) | (_, Outcome::Skipped) => Outcome::Skipped,
            (Outcome::Null, _) | (_, Outcome::Null) => Outcome::Null,
            _ => Outcome::False,
        })
}

/// Collects the clauses that keep an expression from being what is wanted.
pub(super) fn blame<'c, 'a>(
    clause: &'c Clause<'a>,
    wanted: bool,
    values: &Values<'_>,
    blamed: &mut Vec<&'c Clause<'a>>,
) {
    let is_wanted = |clause: &Clause<'_>, wanted| {
        let is = if wanted {
            Outcome::True
        } else {
            Outcome::False
        };
        clause.outcome(values) == is
    };
    if is_wanted(clause, wanted) {
        return;
    }
    match (&clause.parts, wanted) {
        (Parts::Leaf, _) => blamed.push(clause),
        (Parts::Not(inner), _) => blame(inner, !wanted, values, blamed),
        // The first that stops it is enough.
        (Parts::All(parts), true) | (Parts::Any(parts), false) => {
            if let Some(first) = parts.iter().find(|part| !is_wanted(part, wanted)) {
                blame(first, wanted, values, blamed);
            }
        }
        (Parts::All(parts), false) | (Parts::Any(parts), true) => {
            for part in parts {
                blame(part, wanted, values, blamed);
            }
        }
    }
}
