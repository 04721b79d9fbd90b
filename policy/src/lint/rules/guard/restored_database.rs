//! The database was restored, cloned or upgraded, and nobody has acknowledged it.

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "restored_database",
    level: Level::Error,
    page: "docs/lint.md#restored_database",
    title: "a copy that lacks the latest revocations",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.facts.own.as_ref().is_some_and(|own| own.is_copy) {
        let database = context.facts.server.database.clone();
        let draft = Draft::other(&RULE, "database", database)
            .problem(
                "restored, cloned or upgraded: it lacks the revocations and endings since the backup",
            )
            .hint(
                "if in doubt, select authguard.end_all_sessions(); \
                 then authguard.acknowledge_restore()",
            );
        findings.push(draft.done());
    }
}
