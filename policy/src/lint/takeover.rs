//! Rows that a client makes its own by UPDATE, and then deletes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::caller::Source;
use super::context::Context;
use super::rows;
use super::rule::Rule;
use super::ways::{Atom, Book, Cell, Entry, How, ROW, Term, Way};
use crate::facts::{Client, Command};
use crate::finding::{Finding, Level};
use crate::lint::rule::Draft;

/// A column that DELETE asks for, and that a client writes who does not pass DELETE.
pub(super) struct Takeover<'b, 'f> {
    /// The policy for UPDATE by which it does.
    pub(super) by: &'b Entry<'f>,
    /// The policy for DELETE.
    pub(super) delete: &'b Entry<'f>,
    /// The column.
    pub(super) column: i16,
    /// True if another branch for UPDATE asks for the column.
    pub(super) is_branch: bool,
    /// True if the column is the caller, false if it is a group of the caller.
    pub(super) is_owner: bool,
    /// The roles that do.
    pub(super) clients: Vec<&'b Client>,
}

/// Words for roles whose holders are trusted with all rows of their group.
const TRUSTED: &[&str] = &[
    "admin",
    "owner",
    "administrator",
    "superadmin",
    "super_admin",
    "root",
];

pub(super) fn takeovers<'b, 'f>(context: &'b Context<'f>) -> Vec<Takeover<'b, 'f>> {
    let book = context.book();
    let mut all: Vec<Takeover<'b, 'f>> = Vec::new();
    let mut places: BTreeMap<(u32, &str, i16), usize> = BTreeMap::new();
    for client in context.reach.ordinary() {
        let mut updates: BTreeMap<u32, Updates<'b, 'f>> = BTreeMap::new();
        for delete in book
            .permissive()
            .filter(|entry| entry.policy.is_for(Command::Delete))
        {
            let table = delete.table;
            let may = |command: Command| {
                client.reaches(context.facts, table, command)
                    && !book.is_restricted(table.oid, client, command)
            };
            let applies = client.is_any_of(&delete.policy.roles);
            if !applies || !may(Command::Update) || !may(Command::Delete) {
                continue;
            }
            let updates = updates
                .entry(table.oid)
                .or_insert_with(|| Updates::of(book, table.oid, client));
            for way in delete
                .existing(Command::Delete)
                .iter()
                .filter(|way| !way.is_unknown())
            {
                for takeover in of_way(context, updates, client, delete, way) {
                    let by = takeover.by.policy;
                    let key = (by.relation, by.name.as_str(), takeover.column);
                    let place = *places.entry(key).or_insert(all.len());
                    match all.get_mut(place) {
                        // The clients come one after the other.
                        Some(known) if known.clients.last() == Some(&client) => {}
                        Some(known) => known.clients.push(client),
                        None => all.push(takeover),
                    }
                }
            }
        }
    }
    all
}

/// What a client can update in a table.
struct Updates<'b, 'f> {
    entries: Vec<&'b Entry<'f>>,
    /// The ways that no policy for DELETE asks for as much as.
    wider: Vec<(&'b Entry<'f>, &'b Way)>,
}

impl<'b, 'f> Updates<'b, 'f> {
    fn of(book: &'b Book<'f>, table: u32, client: &'b Client) -> Self {
        let entries: Vec<_> = book.applying(table, client, Command::Update).collect();
        let deletes: Vec<&Way> = book
            .applying(table, client, Command::Delete)
            .flat_map(|entry| entry.existing(Command::Delete))
            .collect();
        let mut wider = Vec::new();
        for entry in &entries {
            let ways = entry.existing(Command::Update).iter().filter(|way| {
                !way.is_unknown()
                    && !way.asks_caller_alone()
                    && (way.is_open() || !way.row_columns().is_empty())
                    && !is_trusted(way)
                    && !deletes
                        .iter()
                        .any(|delete| delete.is_unknown() || implies(way, delete))
            });
            wider.extend(ways.map(|way| (*entry, way)));
        }
        Self { entries, wider }
    }
}

fn of_way<'b, 'f>(
    context: &'b Context<'f>,
    updates: &Updates<'b, 'f>,
    client: &'b Client,
    delete: &'b Entry<'f>,
    asked: &'b Way,
) -> Vec<Takeover<'b, 'f>> {
    let table = delete.table;
    // Whoever owns the folder of a file owns the file.
    let is_files = context.is_files(table);
    let owns_folder = |way: &Way| is_files && way.binds_row();
    let writable = client.columns(context.facts, table, "UPDATE");
    let mut found = Vec::new();
    for attno in asked.row_columns() {
        let cell = own(table.oid, attno);
        let is_owner = asked.caller_of(cell).is_some_and(Source::is_caller);
        let is_group = asked.equals(cell).iter().any(|cell| {
            cell.source != ROW
                && asked
                    .cells_of(cell.source)
                    .iter()
                    .any(|c| asked.caller_of(*c).is_some())
        });
        let column = context.facts.column_name(table.oid, attno);
        let is_free = column.is_some_and(|name| {
            writable.contains(attno)
                && !table.is_unique(&[attno])
                && !rows::is_kept(context, table, Command::Update, name)
        });
        let is_generated = table.column(attno).is_none_or(|column| column.is_generated);
        if !(is_owner || is_group) || !is_free || is_generated {
            continue;
        }
        // Checks are ORed apart from conditions.
        let lets_in = updates
            .entries
            .iter()
            .flat_map(|entry| entry.incoming(Command::Update))
            .any(|way| {
                !way.is_unknown()
                    && (!way.row_columns().contains(&attno)
                        || is_owner && way.caller_of(cell) == asked.caller_of(cell))
            });
        let is_branch = updates
            .entries
            .iter()
            .flat_map(|entry| entry.existing(Command::Update))
            .any(|way| {
                if is_owner {
                    way.caller_of(cell).is_some()
                } else {
                    way.row_columns().contains(&attno)
                }
            });
        let mut wider = updates.wider.iter();
        let by = wider.find(|(_, way)| !owns_folder(way) && !way.row_columns().contains(&attno));
        if let (Some((by, _)), true) = (by, lets_in) {
            found.push(Takeover {
                by,
                delete,
                column: attno,
                is_branch,
                is_owner,
                clients: vec![client],
            });
        }
    }
    found
}

fn own(relation: u32, attno: i16) -> Cell {
    Cell {
        source: ROW,
        relation,
        attno,
    }
}

/// Returns true if a way asks for a role whose holders are trusted.
fn is_trusted(way: &Way) -> bool {
    way.atoms.iter().any(|atom| match atom {
        Atom::Compare(How::Equal, a, b) => [a, b].into_iter().any(|term| match term {
            Term::Constant(Some(text)) => text
                .split(',')
                .all(|word| TRUSTED.contains(&word.trim().to_lowercase().as_str())),
            _ => false,
        }),
        _ => false,
    })
}

/// Returns true if whatever passes the first way passes the second, as far as this can be told:
/// the second asks for nothing that the first does not ask for.
fn implies(first: &Way, second: &Way) -> bool {
    let asked = conditions(first);
    conditions(second).is_subset(&asked)
}

/// The conditions of a way, with the tables instead of the numbers of sources.
fn conditions(way: &Way) -> BTreeSet<String> {
    let atoms = way.atoms.iter().map(|atom| {
        let mut atom = atom.clone();
        without_sources(&mut atom);
        if let Atom::Compare(_, left, right) = &mut atom
            && format!("{left:?}") > format!("{right:?}")
        {
            std::mem::swap(left, right);
        }
        format!("{atom:?}")
    });
    atoms.collect()
}

fn without_sources(atom: &mut Atom) {
    let cell = |cell: &mut Cell| {
        if cell.source != ROW {
            cell.source = ROW.saturating_add(1);
        }
    };
    fn term(term_: &mut Term, cell: &impl Fn(&mut Cell)) {
        match term_ {
            Term::Cell(c) => cell(c),
            Term::Of(terms) => terms.iter_mut().for_each(|t| term(t, cell)),
            Term::Unknown(cells) => cells.iter_mut().for_each(cell),
            Term::Caller(_) | Term::Constant(_) | Term::Parameter(_) => {}
        }
    }
    match atom {
        Atom::Compare(_, left, right) => {
            term(left, &cell);
            term(right, &cell);
        }
        Atom::IsNull(t) | Atom::IsNotNull(t) => term(t, &cell),
        Atom::Test(cells) | Atom::Unknown(cells) => cells.iter_mut().for_each(cell),
    }
}

impl Takeover<'_, '_> {
    pub(super) fn finding(&self, context: &Context<'_>, rule: &Rule) -> Finding {
        let facts = context.facts;
        let table = self.by.table;
        let column = facts
            .column_name(table.oid, self.column)
            .unwrap_or_default();
        let roles = facts.role_names(self.clients.iter().map(|client| client.role));
        let hint = rows::revoke_column(facts, table, &self.clients, self.column);
        Draft::policy(rule, facts, self.by.policy)
            .level(if self.is_owner { Level::Error } else { Level::Warning })
            .problem(format!(
                "a client that passes it may write {column}, and then passes policy {} for DELETE, \
                 which it did not before",
                self.delete.policy.name
            ))
            .hint(hint.unwrap_or_else(|| {
                format!(
                    "Keep {column} as it is in a trigger BEFORE UPDATE, or grant UPDATE of the other \
                     columns only."
                )
            }))
            .evidence(json!({
                "column": column,
                "delete_policy": self.delete.policy.name,
                "roles": roles,
            }))
            .told_apart_by(column)
            .done()
    }
}
