//! A policy has an expression that is not known, so no rule may judge it.

use serde_json::json;

use crate::facts::Policy;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "not_judged",
    level: Level::Info,
    page: "docs/lint.md#not_judged",
    title: "a policy that no rule could judge",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let tables = context.tables();
    let policies = tables.flat_map(|table| context.facts.policies_of(table.oid));
    findings.extend(policies.filter_map(|policy| finding(context, policy)));
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let mut nodes = policy.opaque();
    nodes.sort_unstable();
    nodes.dedup();
    let names = (!nodes.is_empty()).then(|| nodes.join(", "))?;
    let draft = Draft::policy(&RULE, context.facts, policy)
        .problem(format!(
            "its expression has parts that no rule knows, so none has judged it: {names}"
        ))
        .hint("Read this policy yourself.")
        .evidence(json!({ "nodes": nodes }));
    Some(draft.done())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::Expr;
    use crate::lint::testing::{Database, eq_uuid, own, uid};

    #[test]
    fn a_policy_with_an_unknown_node_is_named() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "odd").using(Expr::And(vec![
            eq_uuid(own(2), uid()),
            Expr::Opaque("XMLEXPR".to_owned()),
        ]));
        db.policy(notes, "plain").using(eq_uuid(own(2), uid()));
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].policy.as_deref(), Some("odd"));
        assert!(findings[0].problem.contains("XMLEXPR"));
    }
}
