//! A column in a sub-select, not qualified, is another one than was meant: the inner table's, or
//! the outer one's because the inner table has none of this name.

use std::collections::BTreeSet;

use serde_json::json;

use crate::facts::Command;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::{Atom, Cell, Entry, How, ROW, Term, Way};

pub(super) static RULE: Rule = Rule {
    name: "captured_name",
    level: Level::Error,
    page: "docs/lint.md#captured_name",
    title: "a column in a sub-select that is another one than was meant",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let entries = context.book().permissive();
    findings.extend(entries.filter_map(|entry| finding(context, entry)));
}

fn finding(context: &Context<'_>, entry: &Entry<'_>) -> Option<Finding> {
    let facts = context.facts;
    let is_reached = Command::ALL
        .iter()
        .any(|command| !context.clients_of(entry.policy, *command).is_empty());
    if !is_reached {
        return None;
    }
    let (way, cell) = entry
        .all()
        .filter(|way| !way.is_unknown())
        .find_map(|way| Some((way, captured(context, entry, way)?)))?;
    let in_helper = way
        .reads
        .iter()
        .any(|read| read.source == cell.source && !read.is_own);
    let column = facts.column_name(cell.relation, cell.attno)?;
    let own = facts.relation_name(entry.table.oid);
    let taken = facts.relation_name(cell.relation);
    let (problem, hint) = if cell.source == ROW {
        (
            format!(
                "{column} in its sub-select is the column of {own} itself, which is compared with \
                 itself: the table in the sub-select has no such column"
            ),
            format!("Name the column of the table in the sub-select that {column} is to equal."),
        )
    } else if in_helper {
        (
            format!(
                "in a helper that it calls, {column} is the column of {taken} on both sides of a \
                 comparison, not the argument of that name"
            ),
            format!("Qualify the argument with the function's name: my_function.{column}."),
        )
    } else {
        (
            format!(
                "{column} in its sub-select is the column of {taken}, not of {own}, so the \
                 sub-select does not depend on the row"
            ),
            format!("If the row's own column is meant, write {own}.{column}."),
        )
    };
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .problem(problem)
        .hint(hint)
        .evidence(json!({ "column": column, "of": taken }));
    Some(draft.done())
}

/// Returns the column that was not meant, if there is one.
fn captured(context: &Context<'_>, entry: &Entry<'_>, way: &Way) -> Option<Cell> {
    let is_own_read = |cell: Cell| {
        way.reads
            .iter()
            .any(|read| read.source == cell.source && read.is_own)
    };
    let has_row = |cell: Cell| {
        let name = context.facts.column_name(cell.relation, cell.attno);
        name.is_some_and(|name| entry.table.column_named(name).is_some())
    };
    let linked = linked_to_row(way);
    way.atoms.iter().find_map(|atom| {
        let Atom::Compare(How::Equal, left, right) = atom else {
            return None;
        };
        if let (Term::Cell(a), Term::Cell(b)) = (left, right) {
            if a == b {
                let inner = !is_own_read(*a) || has_row(*a);
                let outer = way.reads.iter().any(|read| read.is_own);
                return (if a.source == ROW { outer } else { inner }).then_some(*a);
            }
            let same = a.source == b.source && !linked.contains(&a.source) && is_own_read(*a);
            return [*b, *a].into_iter().find(|cell| same && has_row(*cell));
        }
        // `teams.id = foldername(name)`
        let (made, other) = match (left, right) {
            (Term::Of(_), Term::Cell(other)) => (left, other),
            (Term::Cell(other), Term::Of(_)) => (right, other),
            _ => return None,
        };
        let is_inner = is_own_read(*other) && !linked.contains(&other.source);
        made.cells().into_iter().find(|cell| {
            is_inner && is_own_read(*cell) && !linked.contains(&cell.source) && has_row(*cell)
        })
    })
}

/// Returns the sources that depend on the row, through whatever.
fn linked_to_row(way: &Way) -> BTreeSet<u32> {
    let mut linked = BTreeSet::from([ROW]);
    loop {
        let before = linked.len();
        for atom in &way.atoms {
            let sources: BTreeSet<u32> = atom.cells().iter().map(|cell| cell.source).collect();
            if sources.iter().any(|source| linked.contains(source)) {
                linked.extend(sources);
            }
        }
        if linked.len() == before {
            return linked;
        }
    }
}
