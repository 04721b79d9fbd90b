//! `not in (select …)` of a column that may be NULL: one NULL among its rows hides every row.

use serde_json::json;

use crate::facts::{Command, Facts, Policy};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::{Expr, Query, RangeKind, SubLink, SubLinkKind, Var};

pub(super) static RULE: Rule = Rule {
    name: "not_in_nullable",
    level: Level::Info,
    page: "docs/lint.md#not_in_nullable",
    title: "NOT IN a list in which one NULL hides every row",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(
        context
            .policies()
            .filter_map(|policy| finding(context, policy)),
    );
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    let mut parts = policy.exprs().flat_map(Expr::parts);
    let (relation, column) = parts.find_map(|part| nullable(facts, excluded(facts, part)?))?;
    let is_reached = |command| !context.clients_of(policy, command).is_empty();
    if !Command::ALL.into_iter().any(is_reached) {
        return None;
    }
    let name = format!("{}.{column}", facts.relation_name(relation));
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "NOT IN a list of {name}, which may be NULL: one NULL in the list hides every row"
        ))
        .hint("Ask by NOT EXISTS, or leave NULLs out of the sub-select by IS NOT NULL.")
        .evidence(json!({ "column": name }));
    Some(draft.done())
}

/// Returns the sub-select of `NOT IN` or `<> ALL`.
fn excluded<'e>(facts: &Facts, part: &'e Expr) -> Option<&'e SubLink> {
    match part {
        Expr::Not(arg) => match &**arg {
            Expr::SubLink(link) if link.kind == SubLinkKind::Any => Some(link),
            _ => None,
        },
        Expr::SubLink(link) if link.kind == SubLinkKind::All => {
            let Some(Expr::Operator(test)) = link.test.as_deref() else {
                return None;
            };
            let operator = facts.operators.get(&test.operator)?;
            (operator.name == "<>").then_some(link)
        }
        _ => None,
    }
}

/// Returns the table and name of the column that a sub-select returns, if it may be NULL.
fn nullable(facts: &Facts, link: &SubLink) -> Option<(u32, String)> {
    let query = &*link.query;
    let [target] = query.targets.as_slice() else {
        return None;
    };
    let Expr::Var(var) = target.expr else {
        return None;
    };
    let relation = relation_of(query, var)?;
    let column = facts.relations.get(&relation)?.column(var.attno)?;
    let conditions = query.condition.iter().flat_map(Expr::conjuncts);
    let is_left_out = |condition: &Expr| match condition {
        Expr::IsNotNull(arg) => **arg == target.expr,
        _ => false,
    };
    let may_be_null = !column.not_null && !conditions.into_iter().any(is_left_out);
    may_be_null.then(|| (relation, column.name.clone()))
}

fn relation_of(query: &Query, var: Var) -> Option<u32> {
    let place = usize::try_from(var.varno).ok()?.checked_sub(1)?;
    match query.range_table.get(place)?.kind {
        RangeKind::Relation { relation, .. } if var.levels_up == 0 => Some(relation),
        _ => None,
    }
}
