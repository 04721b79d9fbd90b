//! A comparison with NULL, which is never true: `owner = null`.

use serde_json::json;

use crate::facts::{Command, Policy};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::{Expr, Operation};

pub(super) static RULE: Rule = Rule {
    name: "compared_with_null",
    level: Level::Warning,
    page: "docs/lint.md#compared_with_null",
    title: "a comparison with NULL, which is never true",
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
    let operation = parts.find_map(|part| compared(context, part))?;
    let operator = &facts.operators.get(&operation.operator)?.name;
    let is_reached = |command| !context.clients_of(policy, command).is_empty();
    if !Command::ALL.into_iter().any(is_reached) {
        return None;
    }
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "it compares with NULL by {operator}, which is never true"
        ))
        .hint(
            "If rows without a value are meant, write IS NULL or IS NOT NULL. Look first at which \
             rows that opens.",
        )
        .evidence(json!({ "operator": operator }));
    Some(draft.done())
}

/// Returns the comparison that a part is, if one side is the constant NULL.
fn compared<'e>(context: &Context<'_>, part: &'e Expr) -> Option<&'e Operation> {
    let operation = match part {
        Expr::Operator(operation) => operation,
        Expr::ArrayOperator(array) => &array.operation,
        _ => return None,
    };
    let operator = context.facts.operators.get(&operation.operator)?;
    let function = context.facts.functions.get(&operator.function)?;
    let is_comparison = ["=", "<>", "<", "<=", ">", ">="].contains(&operator.name.as_str());
    let has_null = operation.args.iter().any(is_null);
    (is_comparison && function.strict && has_null).then_some(operation)
}

fn is_null(expr: &Expr) -> bool {
    match expr {
        Expr::Const(constant) => constant.is_null(),
        Expr::Cast { arg, .. } | Expr::Collate(arg) => is_null(arg),
        _ => false,
    }
}
