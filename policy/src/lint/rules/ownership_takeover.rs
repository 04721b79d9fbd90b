//! Whoever may update a row by another branch than the owner's may also write who owns it, and then
//! do what only the owner may.

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::Rule;
use crate::lint::takeover::takeovers;

pub(super) static RULE: Rule = Rule {
    name: "ownership_takeover",
    level: Level::Error,
    page: "docs/lint.md#ownership_takeover",
    title: "an owner column that others than the owner write",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let all = takeovers(context);
    let own = all.into_iter().filter(|takeover| takeover.is_branch);
    findings.extend(own.map(|takeover| takeover.finding(context, &RULE)));
}
