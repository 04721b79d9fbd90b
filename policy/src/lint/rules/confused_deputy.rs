//! The check of a link table asks for the caller, but not whether the caller may link the row that
//! the foreign key names, and that row's policy goes through the link table.

use serde_json::json;

use crate::Expr;
use crate::facts::{Command, Relation, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::planted::planted;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "confused_deputy",
    level: Level::Error,
    page: "docs/lint.md#confused_deputy",
    title: "a link to any row, which opens the row",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let book = context.book();
    let links = book.links();
    for row in planted(context, book, &links) {
        let table = row.writer.table;
        let target = row.reader.table;
        let mut keys = table.foreign_keys.iter();
        let refers =
            keys.any(|key| key.target == target.oid && key.columns.contains(&row.key.attno));
        let names = facts
            .column_name(table.oid, row.key.attno)
            .zip(facts.column_name(target.oid, row.target.attno));
        let is_rule = refers && !row.asks_nothing_else();
        let Some((key, target_key)) = names.filter(|_| is_rule) else {
            continue;
        };
        let name = facts.relation_name(table.oid);
        let target_name = facts.relation_name(target.oid);
        let command = row.command.as_str();
        let roles = facts.role_names(row.clients.iter().copied());
        let policy = quote_ident(&format!("{key}_is_visible"));
        let (key_name, target_key) = (quote_ident(key), quote_ident(target_key));
        let draft = Draft::policy(&RULE, facts, row.writer.policy)
            .problem(format!(
                "its check for {command} leaves {key} free, so a client links any row of \
                 {target_name}, and policy {} there lets it read that row",
                row.reader.policy.name
            ))
            .hint(if leads_back(context, target, table) {
                format!(
                    "Ask in a SECURITY DEFINER function whether the caller may see the row that \
                     {key} names, and call it in a restrictive policy for {command}."
                )
            } else {
                format!(
                    "create policy {policy} on {name} as restrictive for {} to {roles} with check \
                     (exists (select from {target_name} where {target_name}.{target_key} = \
                     {name}.{key_name}))",
                    command.to_lowercase()
                )
            })
            .evidence(json!({
                "key_column": key,
                "command": command,
                "opens": target_name,
                "by_policy": row.reader.policy.name,
                "roles": roles,
            }));
        findings.push(draft.done());
    }
}

/// Returns true if reading the target in a policy of the link table would be a circle (42P17): the
/// target's policies read the link table, whose policies for SELECT have sub-selects.
fn leads_back(context: &Context<'_>, target: &Relation, table: &Relation) -> bool {
    let exprs = |relation: &Relation| {
        let policies = context.facts.policies_of(relation.oid);
        policies.filter_map(|policy| policy.using(Command::Select))
    };
    let reads = |expr: &Expr| {
        context.read_by(expr).contains(&table.oid)
            || context.read_by_helpers(expr).contains(&table.oid)
    };
    exprs(target).any(reads) && exprs(table).any(|expr| !expr.queries().is_empty())
}
