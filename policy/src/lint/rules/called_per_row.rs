//! A function whose answer does not depend on the row is called for each row, or is VOLATILE, so
//! that Postgres can use no index.

use serde_json::json;

use crate::Expr;
use crate::facts::{Command, Function, Policy, Volatility};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "called_per_row",
    level: Level::Info,
    page: "docs/lint.md#called_per_row",
    title: "a function is called for each row, and once would do",
    also: &["splinter 0003", "pgrls PERF001", "pgrls PERF002"],
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
    let found = policy.exprs().find_map(|expr| called(context, expr))?;
    let is_reached = |command| !context.clients_of(policy, command).is_empty();
    if !Command::ALL.into_iter().any(is_reached) {
        return None;
    }
    let name = facts.function_name(found.oid);
    let draft = Draft::policy(&RULE, facts, policy).evidence(json!({ "function": name }));
    let draft =
        if found.volatility == Volatility::Volatile {
            draft
            .problem(format!("{name} is VOLATILE: it is called for each row, and no index helps"))
            .hint(format!(
                "If {name} only reads, declare it STABLE. If its arguments are the same for all \
                 rows, call it in a sub-select: (select …)."
            ))
        } else {
            draft
            .problem(format!("{name} is called for each row, with the same answer each time"))
            .hint("Call it in a sub-select, (select …), which Postgres runs once for a statement.")
        };
    Some(draft.done())
}

/// Returns the first function that it is about. What is in a sub-select is not looked at.
fn called<'f>(context: &Context<'f>, expr: &Expr) -> Option<&'f Function> {
    let mut left = vec![expr];
    while let Some(expr) = left.pop() {
        if let Expr::Call(call) = expr
            && let Some(function) = context.facts.functions.get(&call.function)
            && counts(context, function)
        {
            let is_fixed = !call.args.iter().any(reads_row);
            if is_fixed || function.volatility == Volatility::Volatile {
                return Some(function);
            }
        }
        expr.children(&mut left);
    }
    None
}

/// Returns true for functions of users, of a platform's schema `auth`, and for `current_setting`.
/// The readers of authguard cost about as much as a comparison, and belong to its extension.
fn counts(context: &Context<'_>, function: &Function) -> bool {
    let facts = context.facts;
    let is_setting = function.name == "current_setting" && facts.is_system(function.schema);
    let is_authguards = function.language == "c" && function.volatility == Volatility::Stable;
    is_setting
        || !facts.is_foreign_code(function)
            && !is_authguards
            && function.volatility != Volatility::Immutable
}

fn reads_row(expr: &Expr) -> bool {
    expr.parts().any(|part| matches!(part, Expr::Var(_)))
}
