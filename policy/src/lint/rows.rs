//! Questions about what a client can do with a row's columns.

use super::context::Context;
use super::ways::sql::words;
use crate::facts::{Client, Command, Facts, Relation, quote_ident};

/// Bits of `pg_trigger.tgtype`.
const BEFORE: u16 = 2;
const INSERT: u16 = 4;
const UPDATE: u16 = 16;

/// Returns true if a trigger may keep a client from writing a column: one that runs before the
/// command, and whose function names the column or cannot be read.
pub(super) fn is_kept(
    context: &Context<'_>,
    table: &Relation,
    command: Command,
    column: &str,
) -> bool {
    let event = match command {
        Command::Insert => INSERT,
        Command::Update => UPDATE,
        Command::Select | Command::Delete => return false,
    };
    let triggers = context.facts.triggers.iter();
    let mut before = triggers.filter(|trigger| {
        trigger.relation == table.oid
            && trigger.is_enabled
            && trigger.kind & BEFORE != 0
            && trigger.kind & event != 0
    });
    before.any(|trigger| {
        let function = context.facts.functions.get(&trigger.function);
        let source = function.and_then(|function| function.source());
        match source.and_then(words) {
            Some(words) => words.iter().any(|word| word == column),
            None => true,
        }
    })
}

/// Returns the SQL that takes the right to write a column from clients, whose rights to write the
/// others stay. Nothing if they have it by another way than a grant to themselves.
pub(super) fn revoke_column(
    facts: &Facts,
    table: &Relation,
    clients: &[&Client],
    attno: i16,
) -> Option<String> {
    let whole = facts.grants.relations.get(&table.oid);
    let is_direct = |client: &&Client| {
        let mut grants = whole.into_iter().flatten().filter(|grant| {
            grant.privilege == "UPDATE" && client.grantees.contains(&grant.grantee)
        });
        grants.all(|grant| grant.grantee == client.role)
    };
    let has_none = facts
        .grants
        .columns
        .get(&table.oid)
        .is_none_or(Vec::is_empty);
    if !clients.iter().all(is_direct) || !has_none || clients.is_empty() {
        return None;
    }
    let others = table
        .columns
        .iter()
        .filter(|c| c.attno != attno && !c.is_generated);
    let others: Vec<_> = others.map(|column| quote_ident(&column.name)).collect();
    let name = facts.relation_name(table.oid);
    let roles = facts.role_names(clients.iter().map(|client| client.role));
    let columns = others.join(", ");
    let revoke = format!("revoke update on {name} from {roles}");
    if others.is_empty() {
        return Some(revoke);
    }
    Some(format!(
        "{revoke}; grant update ({columns}) on {name} to {roles}"
    ))
}
