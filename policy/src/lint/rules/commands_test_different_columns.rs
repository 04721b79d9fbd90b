//! UPDATE and DELETE of a table ask for different columns, and UPDATE leaves the one free that
//! DELETE asks for.

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::Rule;
use crate::lint::takeover::takeovers;

pub(super) static RULE: Rule = Rule {
    name: "commands_test_different_columns",
    level: Level::Error,
    page: "docs/lint.md#commands_test_different_columns",
    title: "a column that DELETE asks for and UPDATE leaves free",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let all = takeovers(context);
    let other = all.into_iter().filter(|takeover| !takeover.is_branch);
    findings.extend(other.map(|takeover| takeover.finding(context, &RULE)));
}
