//! The policies for UPDATE and DELETE ask for a column that gives rights, and the one for INSERT
//! leaves it free: who may not make himself an owner by UPDATE inserts one.

use std::collections::BTreeSet;

use serde_json::json;

use crate::facts::{Client, Command, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rows::is_kept;
use crate::lint::rule::{Draft, Rule};
use crate::lint::rules::owner_free_in_insert::is_restricted;
use crate::lint::ways::{Atom, Cell, Entry, ROW, Term, Way};

pub(super) static RULE: Rule = Rule {
    name: "role_free_in_insert",
    level: Level::Warning,
    page: "docs/lint.md#role_free_in_insert",
    title: "INSERT leaves a role free that UPDATE and DELETE ask for",
    also: &[],
    check,
};

/// Words in the names of columns that give rights.
const RIGHTS: &[&str] = &[
    "role",
    "admin",
    "owner",
    "permission",
    "privilege",
    "access",
    "rank",
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let given = rights(context);
    let entries = context.book().permissive();
    findings.extend(entries.filter_map(|entry| finding(context, entry, &given)));
}

/// Returns the columns, each with its table, that a policy of any table reads together with a
/// constant, as in `m.role = 'admin'`.
fn rights(context: &Context<'_>) -> BTreeSet<(u32, i16)> {
    let ways = context.book().permissive().flat_map(Entry::all);
    let cells = ways
        .flat_map(|way| &way.atoms)
        .filter_map(constant)
        .map(|(cell, _)| cell);
    let read = cells.filter(|cell| cell.source != ROW);
    read.map(|cell| (cell.relation, cell.attno)).collect()
}

fn finding(
    context: &Context<'_>,
    entry: &Entry<'_>,
    given: &BTreeSet<(u32, i16)>,
) -> Option<Finding> {
    let facts = context.facts;
    let clients = context.clients_of(entry.policy, Command::Insert);
    let columns = entry.table.columns.iter();
    let mut columns = columns.filter(|column| {
        let words: Vec<_> = column.name.split('_').map(str::to_lowercase).collect();
        let is_named = RIGHTS.iter().any(|right| {
            words
                .iter()
                .any(|word| word == right || word.strip_suffix('s') == Some(right))
        });
        !column.is_generated && (is_named || given.contains(&(entry.table.oid, column.attno)))
    });
    let is_free = |client: &&&Client, attno: i16| is_free(context, entry, client, attno);
    let column = columns.find(|column| {
        clients.iter().any(|client| is_free(&client, column.attno))
            && !is_kept(context, entry.table, Command::Insert, &column.name)
    })?;
    let writers = clients
        .iter()
        .filter(|client| is_free(client, column.attno));
    let name = quote_ident(&column.name);
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .problem(format!(
            "it leaves {name} free, for which the policies for UPDATE and DELETE ask: what these \
             do not allow, a new row has"
        ))
        .hint(format!(
            "Let its WITH CHECK ask for {name}, too, as the policies for UPDATE and DELETE do."
        ))
        .evidence(json!({
            "column": column.name,
            "roles": facts.role_names(writers.map(|client| client.role)),
        }));
    Some(draft.done())
}

fn is_free(context: &Context<'_>, entry: &Entry<'_>, client: &Client, attno: i16) -> bool {
    let table = entry.table;
    let insertable = client.columns(context.facts, table, Command::Insert.as_str());
    let asked = asked_for(context, entry, client, Command::Update, attno).zip(asked_for(
        context,
        entry,
        client,
        Command::Delete,
        attno,
    ));
    let Some((for_update, _)) = asked else {
        return false;
    };
    let mut ways = entry.incoming(Command::Insert).iter();
    let is_open = |way: &Way| {
        !way.is_unknown()
            && !way.row_columns().contains(&attno)
            && !has_it(way, table.oid, attno, &for_update)
    };
    insertable.contains(attno)
        && ways.any(is_open)
        && !is_restricted(context, table, client, Command::Insert, attno)
}

/// Returns the constants with which a policy for a command compares a column, in every way in which
/// it can be true.
fn asked_for(
    context: &Context<'_>,
    entry: &Entry<'_>,
    client: &Client,
    command: Command,
    attno: i16,
) -> Option<BTreeSet<String>> {
    let mut entries = context.book().applying(entry.table.oid, client, command);
    entries.find_map(|other| {
        let ways = other.existing(command);
        let mut all = BTreeSet::new();
        for way in ways {
            let own = way.atoms.iter().filter_map(constant);
            let own: Vec<_> = own
                .filter(|(cell, _)| cell.source == ROW && cell.attno == attno)
                .collect();
            if own.is_empty() {
                return None;
            }
            all.extend(own.into_iter().map(|(_, text)| text.to_owned()));
        }
        (!ways.is_empty()).then_some(all)
    })
}

/// Returns true if a way asks the caller to have, in the same table, just what UPDATE and DELETE
/// keep from others: an owner may make another one.
fn has_it(way: &Way, table: u32, attno: i16, kept: &BTreeSet<String>) -> bool {
    let own = way.reads.iter().filter(|read| read.relation == table);
    own.into_iter().any(|read| {
        let cell = Cell {
            source: read.source,
            relation: table,
            attno,
        };
        let constants = way.constants_of(cell);
        !constants.is_empty() && constants.iter().all(|text| kept.contains(*text))
    })
}

/// Returns the column and the constant of a comparison of these.
fn constant(atom: &Atom) -> Option<(Cell, &str)> {
    match atom {
        Atom::Compare(_, Term::Cell(cell), Term::Constant(Some(text)))
        | Atom::Compare(_, Term::Constant(Some(text)), Term::Cell(cell)) => Some((*cell, text)),
        _ => None,
    }
}
