//! Every client reads the whole list of tenants, though their other commands ask for membership.

use std::collections::BTreeSet;

use serde_json::json;

use crate::facts::Command;
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::{Book, Cell, Entry, Link, ROW, Way};

pub(super) static RULE: Rule = Rule {
    name: "open_tenant_read",
    level: Level::Warning,
    page: "docs/lint.md#open_tenant_read",
    title: "a table of tenants that everybody reads",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let book = context.book();
    let links = book.links();
    let entries = book.permissive();
    findings.extend(entries.filter_map(|entry| finding(context, book, &links, entry)));
}

fn finding(
    context: &Context<'_>,
    book: &Book<'_>,
    links: &[Link<'_, '_>],
    entry: &Entry<'_>,
) -> Option<Finding> {
    let facts = context.facts;
    let is_open = entry.existing(Command::Select).iter().any(Way::is_open);
    let changes = [Command::Update, Command::Delete];
    // FOR ALL opens the rest as well, which is another mistake.
    if !is_open || entry.policy.command.is_none() {
        return None;
    }
    let clients = context
        .clients_of(entry.policy, Command::Select)
        .into_iter();
    let clients: Vec<_> = clients
        .filter(|client| !book.is_restricted(entry.table.oid, client, Command::Select))
        .collect();
    let key = entry.table.primary_key()?;
    let members = links.iter().find(|link| {
        let is_own = link.reader.table.oid == entry.table.oid
            && changes
                .iter()
                .any(|command| link.reader.policy.is_for(*command))
            && link.groups.iter().any(|(_, row)| key.contains(&row.attno));
        link.is_membership()
            && (is_own || refers(context, link, entry.table.oid))
            && opens_others(context, book, links, link, entry)
    });
    let asked = match members {
        Some(link) => format!("membership in {}", facts.relation_name(link.read.relation)),
        None => claimed(book, entry, key)?,
    };
    let others = changes.iter().flat_map(|command| {
        let all = book
            .of_table(entry.table.oid)
            .filter(|other| other.policy.permissive);
        all.flat_map(|other| other.existing(*command))
    });
    let others: Vec<&Way> = others.collect();
    let is_restricted = !others.is_empty() && others.iter().all(|way| !way.is_open());
    if clients.is_empty() || !is_restricted {
        return None;
    }
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .problem(format!(
            "every client reads the whole list, though changing a row asks for {asked}"
        ))
        .hint(format!(
            "If the list is not meant for everybody, let the policy ask for {asked}, as the others do."
        ))
        .evidence(json!({
            "asked": asked,
            "roles": facts.role_names(clients.iter().map(|client| client.role)),
        }));
    Some(draft.done())
}

/// Returns what of the caller says which row is its tenant, if policies for changes compare the key
/// with it, and another table shows the rows of that tenant alone.
fn claimed(book: &Book<'_>, entry: &Entry<'_>, key: &[i16]) -> Option<String> {
    let table = entry.table.oid;
    let own = |relation: u32, attno: i16| Cell {
        source: ROW,
        relation,
        attno,
    };
    let changes = book.of_table(table).flat_map(|other| {
        let deleted = other.existing(Command::Delete).iter();
        other.existing(Command::Update).iter().chain(deleted)
    });
    let mut sources = changes.filter_map(|way| {
        let mut key = key.iter();
        key.find_map(|attno| way.caller_of(own(table, *attno)))
    });
    sources.find_map(|source| {
        let name = match source {
            Source::Claim(path) => format!("the claim {}", path.join(".")),
            Source::Setting(name) => format!("the setting {name}"),
            _ => return None,
        };
        let mut readers = book.permissive().filter(|reader| reader.table.oid != table);
        let shows = readers.any(|reader| {
            let keys = reader.table.foreign_keys.iter();
            let mut columns = keys
                .filter(|key| key.target == table)
                .flat_map(|key| &key.columns);
            columns.any(|attno| {
                let ways = reader.existing(Command::Select);
                let cell = own(reader.table.oid, *attno);
                !ways.is_empty() && ways.iter().all(|way| way.caller_of(cell) == Some(source))
            })
        });
        shows.then_some(name)
    })
}

/// Returns true if the group of the members is a foreign key to a table.
fn refers(context: &Context<'_>, link: &Link<'_, '_>, target: u32) -> bool {
    let members = context.facts.relations.get(&link.read.relation);
    let keys = members
        .into_iter()
        .flat_map(|members| &members.foreign_keys);
    keys.filter(|key| key.target == target).any(|key| {
        let mut groups = link.groups.iter();
        groups.any(|(cell, _)| key.columns.contains(&cell.attno))
    })
}

/// Returns true if the same members read rows of another table that others do not.
fn opens_others(
    context: &Context<'_>,
    book: &Book<'_>,
    links: &[Link<'_, '_>],
    own: &Link<'_, '_>,
    entry: &Entry<'_>,
) -> bool {
    let keys: BTreeSet<i16> = own.groups.iter().map(|(cell, _)| cell.attno).collect();
    links.iter().any(|link| {
        let same = link.read.relation == own.read.relation
            && link
                .groups
                .iter()
                .any(|(cell, _)| keys.contains(&cell.attno));
        let table = link.reader.table.oid;
        let clients = context.clients_of(link.reader.policy, Command::Select);
        same && link.is_membership()
            && table != entry.table.oid
            && clients.into_iter().any(|client| {
                let mut all = book.applying(table, client, Command::Select);
                all.all(|other| !other.existing(Command::Select).iter().any(Way::is_open))
            })
    })
}
