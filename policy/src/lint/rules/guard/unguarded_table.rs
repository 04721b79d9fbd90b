//! A table that clients reach through a policy has no guard, so a revoked token still reads it.

use serde_json::json;

use crate::facts::quote_literal;
use crate::finding::{Draft, Finding, Level};
use crate::lint::{Context, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "unguarded_table",
    level: Level::Error,
    page: "docs/lint.md#unguarded_table",
    title: "a table that clients reach, without a guard",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    if facts.server.authguard.is_none() {
        return;
    }
    let guards = context.guards();
    let descendants = guards.descendants();
    for table in context.relations().filter(|r| r.is_table() && r.rls) {
        // With row-level security on, a table is closed unless a policy opens it. Another rule is
        // about the partitions of guarded tables.
        let is_open = !guards.is_protected(table.oid)
            && guards.is_opened(table.oid)
            && !descendants.iter().any(|(child, _)| child.oid == table.oid);
        let Some(roles) = guards.reached_by(table.oid).filter(|_| is_open) else {
            continue;
        };
        let name = quote_literal(&facts.relation_name(table.oid));
        let draft = Draft::relation(&RULE, facts, table)
            .problem(
                "no restrictive policy for all commands calls auth.is_revoked(), \
                 auth.is_active() or auth.is_user()",
            )
            .hint(format!("select authguard.guard_table({name})"))
            .evidence(json!({ "roles": roles }));
        findings.push(draft.done());
    }
}
