//! A client can become a superuser.

use serde_json::json;

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "superuser_reached",
    level: Level::Error,
    page: "docs/lint.md#superuser_reached",
    title: "a superuser that a client can become",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let roles = &facts.roles;
    let is_superuser = |login| roles.get(login).is_some_and(|role| role.superuser);
    if context.reach.logins().iter().any(is_superuser) {
        return;
    }
    let reached = context.reach.clients();
    let reached = reached.filter_map(|client| roles.get(&client.role));
    for role in reached.filter(|role| role.superuser) {
        let name = facts.role_name(role.oid);
        let logins = context.reach.logins_of(facts, role.oid);
        let draft = Draft::other(&RULE, "role", name.clone())
            .problem("a client can become this superuser")
            .hint(format!(
                "if only trusted services act as it, leave it; otherwise: alter role {name} nosuperuser"
            ))
            .evidence(json!({ "logins": logins }));
        findings.push(draft.done());
    }
}
