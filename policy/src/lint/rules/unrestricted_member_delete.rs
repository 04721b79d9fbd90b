//! Members are removed by whoever is a member, or by anybody: the policy asks neither for a role
//! nor whether it is the caller's own row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::facts::Command;
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::{Cell, Entry, ROW, Way};

pub(super) static RULE: Rule = Rule {
    name: "unrestricted_member_delete",
    level: Level::Warning,
    page: "docs/lint.md#unrestricted_member_delete",
    title: "a table of members from which any member removes any other",
    also: &[],
    check,
};

/// The columns of a table of members that are the group, and those that are the user.
#[derive(Default)]
struct Members {
    groups: BTreeSet<i16>,
    users: BTreeSet<i16>,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let book = context.book();
    let mut tables: BTreeMap<u32, Members> = BTreeMap::new();
    for link in book.links().iter().filter(|link| link.is_membership()) {
        let members = tables.entry(link.read.relation).or_default();
        members
            .groups
            .extend(link.groups.iter().map(|(cell, _)| cell.attno));
        members
            .users
            .extend(link.users.iter().map(|cell| cell.attno));
    }
    for (table, members) in &tables {
        let entries = book
            .of_table(*table)
            .filter(|entry| entry.policy.permissive);
        findings.extend(entries.filter_map(|entry| finding(context, entry, members)));
    }
}

fn finding(context: &Context<'_>, entry: &Entry<'_>, members: &Members) -> Option<Finding> {
    let facts = context.facts;
    let table = entry.table.oid;
    let clients: Vec<_> = context
        .clients_of(entry.policy, Command::Delete)
        .into_iter()
        .filter(|client| !context.book().is_restricted(table, client, Command::Delete))
        .collect();
    let mut ways = entry.existing(Command::Delete).iter();
    let way = ways.find(|way| is_unrestricted(way, table, members))?;
    if clients.is_empty() {
        return None;
    }
    let who = if way.is_open() {
        "every user removes"
    } else {
        "any member removes"
    };
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .problem(format!(
            "{who} any other: the policy asks neither for a role nor for the own row"
        ))
        .hint(
            "Let DELETE ask for the caller's own row, or for a role that may remove others, in a \
             policy of its own.",
        )
        .evidence(json!({
            "user_columns": names(context, table, &members.users),
            "roles": facts.role_names(clients.iter().map(|client| client.role)),
        }));
    Some(draft.done())
}

fn names(context: &Context<'_>, table: u32, columns: &BTreeSet<i16>) -> Vec<String> {
    let names = columns
        .iter()
        .filter_map(|attno| context.facts.column_name(table, *attno));
    names.map(str::to_owned).collect()
}

/// Returns true if a way asks for nothing but membership in the row's group.
fn is_unrestricted(way: &Way, table: u32, members: &Members) -> bool {
    if way.is_unknown() || way.asks_caller_alone() || way.has_test_of(ROW) {
        return false;
    }
    let row = way.row_columns();
    // The own row, the one who has invited, a claim with a role: not so the claim with the group.
    let by_caller = row.iter().any(|attno| {
        let cell = Cell {
            source: ROW,
            relation: table,
            attno: *attno,
        };
        match way.caller_of(cell) {
            Some(Source::Subject | Source::DatabaseRole) => true,
            Some(_) => !members.groups.contains(attno),
            None => false,
        }
    });
    let only_members = way.reads.iter().all(|read| {
        let cells = way.cells_of(read.source);
        let group = cells.iter().any(|cell| {
            way.equals(*cell)
                .iter()
                .any(|cell| cell.source == ROW && members.groups.contains(&cell.attno))
        });
        read.relation == table && group && !way.has_test_of(read.source)
    });
    !by_caller && only_members
}
