//! `authguard.coverage()`: the findings about guards, and what is in order.

use super::context::Context;
use super::rules::guard;
use crate::facts::Facts;
use crate::finding::{Finding, Level};

/// A row of `authguard.coverage()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// What the object is, as `table` or `role`.
    pub kind: &'static str,
    /// The object.
    pub object: String,
    /// True if a guard applies, or nothing is cut off.
    pub guarded: bool,
    /// The problem, if there is one.
    pub problem: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The rule, as `guarded_table` or `view_as_owner`.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
}

/// Lists each guarded table, and each way around a guard that a client has.
pub fn coverage(facts: &Facts) -> Vec<Covered> {
    let context = Context::of(facts);
    let mut findings = Vec::new();
    for rule in guard::ALL {
        (rule.check)(&context, &mut findings);
    }
    let mut rows = in_order(&context, &findings);
    rows.extend(findings.into_iter().map(|finding| Covered {
        guarded: is_guarded(&finding),
        kind: finding.kind,
        object: finding.object,
        problem: Some(finding.problem),
        hint: Some(finding.hint).filter(|hint| !hint.is_empty()),
        rule: finding.rule,
        level: finding.level,
    }));
    rows
}

/// The guarded tables and the attached ones that nothing is wrong with.
fn in_order(context: &Context<'_>, findings: &[Finding]) -> Vec<Covered> {
    let facts = context.facts;
    let row = |kind, rule, object: String| Covered {
        kind,
        object,
        guarded: true,
        problem: None,
        hint: None,
        rule,
        level: Level::Info,
    };
    let guarded = context
        .guards()
        .protected()
        .filter(|_| facts.server.authguard.is_some());
    let guarded = guarded.map(|table| facts.relation_name(table.oid));
    let partly = |name: &String| {
        let mut findings = findings.iter();
        findings.any(|f| f.rule == "partly_guarded_table" && f.object == *name)
    };
    let guarded = guarded.filter(|name| !partly(name));
    let attached = facts.own.iter().flat_map(|own| &own.attached);
    let attached = attached.filter(|table| table.code.is_none());
    guarded
        .map(|name| row("table", "guarded_table", name))
        .chain(attached.map(|table| row("attached table", "attached_table", table.name.clone())))
        .collect()
}

fn is_guarded(finding: &Finding) -> bool {
    match finding.rule {
        "partly_guarded_table" | "privilege_past_policies" | "owner_passes" => true,
        "attached_table" | "own_table" => finding.level != Level::Error,
        "setting" => finding.level == Level::Info,
        _ => false,
    }
}
