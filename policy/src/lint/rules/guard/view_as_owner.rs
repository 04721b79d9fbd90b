//! A view that clients may read shows rows of a table past its policies: with the rights of an
//! owner whom they do not apply to, or from a copy.

use serde_json::json;

use crate::facts::RelationKind;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "view_as_owner",
    level: Level::Error,
    page: "docs/lint.md#view_as_owner",
    title: "a view that shows rows past the policies of its tables",
    also: &["splinter 0010", "pgrls VIEW001"],
    check,
};

/// `security_invoker` is known from this version on.
const SECURITY_INVOKER: u32 = 150_000;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let guards = context.guards();
    for leak in guards.leaks() {
        let (view, by) = (leak.view, leak.by);
        let reached = guards.reached_by(view.oid);
        let Some(roles) = reached.filter(|_| view.kind == RelationKind::View) else {
            continue;
        };
        let (name, by_name) = (facts.relation_name(view.oid), facts.relation_name(by.oid));
        let what = leak.what;
        let is_view = by.kind == RelationKind::View;
        let problem = match is_view {
            false => format!("reads the copy in {by_name}"),
            true if by.oid == view.oid => {
                format!("reads a {what} with the rights of its owner")
            }
            true => format!("reads {by_name}, which reads a {what} with the rights of its owner"),
        };
        let hint = match is_view && facts.server.version >= SECURITY_INVOKER {
            true => format!("alter view {by_name} set (security_invoker = true)"),
            false => format!("revoke all on {name} from {roles}"),
        };
        let owner = facts.role_name(by.owner);
        let draft = Draft::relation(&RULE, facts, view)
            .problem(problem)
            .hint(hint)
            .evidence(json!({ "roles": roles, "through": by_name, "owner": owner }))
            .told_apart_by(&by_name);
        findings.push(draft.done());
    }
}
