//! A client can become the owner of a protected table, whom its policies do not apply to.

use serde_json::json;

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "owner_passes",
    level: Level::Warning,
    page: "docs/lint.md#owner_passes",
    title: "a table whose owner a client can become",
    also: &["pgrls SEC048"],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    for table in context
        .guards()
        .protected()
        .filter(|table| !table.rls_forced)
    {
        let owner = facts
            .roles
            .get(&table.owner)
            .filter(|owner| !owner.superuser);
        if owner.is_none() || context.reach.client(table.owner).is_none() {
            continue;
        }
        let logins = context.reach.logins_of(facts, table.owner);
        let name = facts.relation_name(table.oid);
        let owner = facts.role_name(table.owner);
        let passes = match facts.server.authguard {
            Some(_) => "the guard",
            None => "its policies",
        };
        let draft = Draft::relation(&RULE, facts, table)
            .kind("owner")
            .problem(format!(
                "its owner {owner} passes {passes}, and {logins} can become that role"
            ))
            .hint(format!("alter table {name} force row level security"))
            .evidence(json!({ "owner": owner, "logins": logins }));
        findings.push(draft.done());
    }
}
