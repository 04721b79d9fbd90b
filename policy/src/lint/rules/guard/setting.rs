//! A setting of the extension names a word or role that nothing knows.

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "setting",
    level: Level::Warning,
    page: "docs/lint.md#setting",
    title: "a word in a setting that nothing knows",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for own in context.facts.own.iter().flat_map(|own| &own.settings) {
        let (serious, slight) = (Level::Warning, Level::Info);
        let draft = Draft::other(&RULE, "setting", own.object.clone())
            .level(if own.is_serious { serious } else { slight })
            .problem(own.problem.clone())
            .hint(own.hint.clone())
            .told_apart_by(&own.problem);
        findings.push(draft.done());
    }
}
