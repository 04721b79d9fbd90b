//! A client reaches a partition, or an inheriting table, past the policies of the table above it.

use serde_json::json;

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "unguarded_partition",
    level: Level::Error,
    page: "docs/lint.md#unguarded_partition",
    title: "a partition that clients reach around its table",
    also: &["pgrls SEC041", "pgrls SEC043"],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let guards = context.guards();
    for (child, root) in guards.descendants() {
        let is_covered = !child.is_table()
            || guards.is_protected(child.oid)
            || facts.server.authguard.is_none() && child.rls;
        let Some(roles) = guards.reached_by(child.oid).filter(|_| !is_covered) else {
            continue;
        };
        let root = facts.relation_name(root.oid);
        // No name in a comment: a line break in it would end the comment.
        let or = match facts.server.authguard {
            Some(_) => "or guard it, with authguard.guard_table",
            None => "or give it policies of its own",
        };
        let of = match facts.server.authguard {
            Some(_) => "guard",
            None => "policies",
        };
        let name = facts.relation_name(child.oid);
        let draft = Draft::relation(&RULE, facts, child)
            .kind("partition")
            .problem(format!(
                "reached directly, it goes around the {of} of {root}"
            ))
            .hint(format!("revoke all on {name} from {roles} -- {or}"))
            .evidence(json!({ "roles": roles, "table": root }))
            .told_apart_by(&root);
        findings.push(draft.done());
    }
}
