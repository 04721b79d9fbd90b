//! A table that is attached (authguard.attach_users, attach_sessions) has a problem.

use serde_json::json;

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "attached_table",
    level: Level::Error,
    page: "docs/lint.md#attached_table",
    title: "an attached table that cannot be read as it should",
    also: &[],
    check,
};

/// The problem slows tokens down, and does not stop them.
const SLOW: &str = "01000";
/// The table is gone.
const GONE: &str = "42P01";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for table in context.facts.own.iter().flat_map(|own| &own.attached) {
        let (Some(code), Some(problem)) = (&table.code, &table.problem) else {
            continue;
        };
        let (level, then) = match code.as_str() {
            SLOW => (Level::Warning, ""),
            _ => (Level::Error, ": tokens that it decides about are revoked"),
        };
        let hint = match code.as_str() {
            GONE => format!(
                "attach the table that has taken its place, if one has; \
                 then select authguard.detach_{}({})",
                table.kind, table.oid
            ),
            _ => table.hint.clone().unwrap_or_default(),
        };
        let draft = Draft::other(&RULE, "attached table", table.name.clone())
            .level(level)
            .problem(format!("{problem}{then}"))
            .hint(hint)
            .evidence(json!({ "kind": table.kind, "code": code }))
            .told_apart_by(&table.kind);
        findings.push(draft.done());
    }
}
