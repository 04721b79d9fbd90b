//! A client reaches a foreign table, which can have no policy.

use serde_json::json;

use super::materialized_view::past_no_policy;
use crate::facts::RelationKind;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "foreign_table",
    level: Level::Warning,
    page: "docs/lint.md#foreign_table",
    title: "a foreign table that clients reach",
    also: &["splinter 0017", "pgrls SEC053"],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let tables = context.relations();
    for table in tables.filter(|r| r.kind == RelationKind::ForeignTable) {
        let Some(roles) = context.guards().reached_by(table.oid) else {
            continue;
        };
        let name = facts.relation_name(table.oid);
        let instead = past_no_policy(context);
        let draft = Draft::relation(&RULE, facts, table)
            .problem("row-level security does not apply to foreign tables")
            .hint(format!("revoke all on {name} from {roles} -- {instead}"))
            .evidence(json!({ "roles": roles }));
        findings.push(draft.done());
    }
}
