//! A child row is checked by its own user column alone: its key may name any parent, also one that
//! its writer cannot see.

use serde_json::json;

use crate::facts::{Client, Command, ForeignKey, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rows;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::{Book, Cell, Entry, Link, ROW, Way};

pub(super) static RULE: Rule = Rule {
    name: "unchecked_parent",
    level: Level::Warning,
    page: "docs/lint.md#unchecked_parent",
    title: "a child row below a parent that its writer cannot see",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let book = context.book();
    let links = book.links();
    for entry in book.permissive() {
        for key in &entry.table.foreign_keys {
            findings.extend(finding(context, book, &links, entry, key));
        }
    }
}

fn finding(
    context: &Context<'_>,
    book: &Book<'_>,
    links: &[Link<'_, '_>],
    entry: &Entry<'_>,
    key: &ForeignKey,
) -> Option<Finding> {
    let facts = context.facts;
    let table = entry.table;
    let parent = facts.relations.get(&key.target)?;
    // A policy that goes through the key is another rule's.
    let is_linked = links.iter().any(|link| {
        link.read.relation == table.oid
            && link.reader.table.oid != table.oid
            && link
                .groups
                .iter()
                .any(|(cell, _)| key.columns.contains(&cell.attno))
    });
    if parent.oid == table.oid || !parent.rls || is_linked {
        return None;
    }
    let is_free = entry.incoming(Command::Insert).iter().any(|way| {
        !way.is_unknown()
            && way.reads.is_empty()
            && !way.asks_caller_alone()
            && has_user(way, table.oid)
            && !key
                .columns
                .iter()
                .any(|column| way.row_columns().contains(column))
    });
    let names: Vec<&str> = key
        .columns
        .iter()
        .filter_map(|attno| facts.column_name(table.oid, *attno))
        .collect();
    let is_kept = names
        .iter()
        .any(|name| rows::is_kept(context, table, Command::Insert, name));
    if !is_free || is_kept {
        return None;
    }
    let clients = context
        .clients_of(entry.policy, Command::Insert)
        .into_iter();
    let clients: Vec<_> = clients
        .filter(|client| !book.is_restricted(table.oid, client, Command::Insert))
        .filter(|client| {
            let writable = client.columns(facts, table, "INSERT");
            key.columns.iter().all(|column| writable.contains(*column))
        })
        .filter(|client| is_hidden(book, client, key))
        .collect();
    if clients.is_empty() {
        return None;
    }
    let name = facts.relation_name(table.oid);
    let parent_name = facts.relation_name(parent.oid);
    let roles = facts.role_names(clients.iter().map(|client| client.role));
    let targets = key
        .target_columns
        .iter()
        .filter_map(|a| facts.column_name(parent.oid, *a));
    let pairs: Vec<String> = names
        .iter()
        .zip(targets)
        .map(|(own, target)| {
            format!(
                "{parent_name}.{} = {name}.{}",
                quote_ident(target),
                quote_ident(own)
            )
        })
        .collect();
    let columns = names.join(", ");
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .problem(format!(
            "its check for INSERT leaves {columns} free, so a client hangs rows below rows of \
             {parent_name} that it cannot see"
        ))
        .hint(format!(
            "create policy {} on {name} as restrictive for insert to {roles} with check (exists \
             (select from {parent_name} where {}))",
            quote_ident(&format!("{}_is_visible", names.first()?)),
            pairs.join(" and ")
        ))
        .evidence(json!({ "columns": names, "parent": parent_name, "roles": roles }))
        .told_apart_by(&columns);
    Some(draft.done())
}

/// Returns true if a column of the row has to be the caller.
fn has_user(way: &Way, table: u32) -> bool {
    way.row_columns().into_iter().any(|attno| {
        let cell = Cell {
            source: ROW,
            relation: table,
            attno,
        };
        way.caller_of(cell).is_some_and(Source::is_caller)
    })
}

/// Returns true if the parent has rows that a client cannot see because they belong to others. Not
/// so a table of users, whose key is the caller itself: a row that names another user is common.
fn is_hidden(book: &Book<'_>, client: &Client, key: &ForeignKey) -> bool {
    let mut ways = book
        .applying(key.target, client, Command::Select)
        .flat_map(|entry| entry.existing(Command::Select))
        .peekable();
    ways.peek().is_some()
        && ways.all(|way| {
            let row = way.row_columns();
            let asks = row.iter().any(|attno| {
                let cell = Cell {
                    source: ROW,
                    relation: key.target,
                    attno: *attno,
                };
                let is_key = key.target_columns.contains(attno);
                let equal = way.equals(cell);
                let through = equal.iter().any(|cell| cell.source != ROW);
                through && way.reads.iter().any(|read| asks_caller(way, read.source))
                    || way.caller_of(cell).is_some() && !is_key
            });
            !way.is_unknown() && asks
        })
}

fn asks_caller(way: &Way, source: u32) -> bool {
    way.cells_of(source)
        .into_iter()
        .any(|cell| way.caller_of(cell).is_some())
}
