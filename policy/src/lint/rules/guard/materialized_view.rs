//! A client may read a materialized view that holds rows of a table with policies.

use serde_json::json;

use std::collections::BTreeMap;

use crate::facts::RelationKind;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "materialized_view",
    level: Level::Error,
    page: "docs/lint.md#materialized_view",
    title: "a copy of protected rows that clients may read",
    also: &["splinter 0016", "pgrls SEC054", "pgrls VIEW003"],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let guards = context.guards();
    let leaks = guards.leaks().into_iter();
    let copies: BTreeMap<_, _> = leaks
        .filter(|leak| leak.view.kind == RelationKind::MaterializedView)
        .map(|leak| (leak.view.oid, leak))
        .collect();
    for leak in copies.into_values() {
        let (view, what) = (leak.view, leak.what);
        let Some(roles) = guards.reached_by(view.oid) else {
            continue;
        };
        let name = facts.relation_name(view.oid);
        let instead = past_no_policy(context);
        let draft = Draft::relation(&RULE, facts, view)
            .problem(format!(
                "holds rows of a {what}, and row-level security does not apply to it"
            ))
            .hint(format!("revoke all on {name} from {roles} -- {instead}"))
            .evidence(json!({ "roles": roles }));
        findings.push(draft.done());
    }
}

/// Returns what to do with a relation that can have no policy.
pub(super) fn past_no_policy(context: &Context<'_>) -> &'static str {
    match context.facts.server.authguard {
        Some(_) => "then put it behind a view that checks auth.is_active()",
        None => "then put it behind a view with a condition of its own",
    }
}
