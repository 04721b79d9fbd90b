//! A table of the extension is not as create extension made it.

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "own_table",
    level: Level::Warning,
    page: "docs/lint.md#own_table",
    title: "a table of authguard that is not as it was made",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for own in context.facts.own.iter().flat_map(|own| &own.tables) {
        let (serious, slight) = (Level::Error, Level::Warning);
        let draft = Draft::other(&RULE, "own table", own.object.clone())
            .level(if own.is_serious { serious } else { slight })
            .problem(own.problem.clone())
            .hint(own.hint.clone())
            .told_apart_by(&own.problem);
        findings.push(draft.done());
    }
}
