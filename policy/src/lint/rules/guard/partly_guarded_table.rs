//! A guarded table has clients that its guards are not for.

use serde_json::json;

use crate::facts::quote_literal;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "partly_guarded_table",
    level: Level::Warning,
    page: "docs/lint.md#partly_guarded_table",
    title: "a guard that does not apply to some clients",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    if facts.server.authguard.is_none() {
        return;
    }
    for table in context.guards().protected() {
        if let Some(roles) = context.guards().unguarded_clients(table) {
            let name = quote_literal(&facts.relation_name(table.oid));
            let draft = Draft::relation(&RULE, facts, table)
                .problem(format!("no guard applies to {roles}"))
                .hint(format!(
                    "select authguard.guard_table({name}, roles => '{{public}}')"
                ))
                .evidence(json!({ "roles": roles }));
            findings.push(draft.done());
        }
    }
}
