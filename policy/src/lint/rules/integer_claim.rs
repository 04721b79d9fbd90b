//! A subject that is cast to a number: `007` is user 7 to the policy, and another user to a
//! revocation.

use serde_json::json;

use crate::Expr;
use crate::facts::{Command, Policy};
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "integer_claim",
    level: Level::Info,
    page: "docs/lint.md#integer_claim",
    title: "the subject is cast to a number, which has many spellings",
    also: &[],
    check,
};

/// OIDs of `int8`, `int2`, `int4`, `float4`, `float8`, `numeric`
/// (src/include/catalog/pg_type.dat).
const NUMBERS: [u32; 6] = [20, 21, 23, 700, 701, 1700];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(
        context
            .policies()
            .filter_map(|policy| finding(context, policy)),
    );
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    let mut exprs = policy.exprs().flat_map(|expr| context.with_bodies(expr));
    let type_id = exprs.find_map(|expr| cast(context, expr))?;
    let is_reached = |command| !context.clients_of(policy, command).is_empty();
    if !Command::ALL.into_iter().any(is_reached) {
        return None;
    }
    let number = facts.type_name(type_id);
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "it casts the subject of the token to {number}: a subject 007 counts as user 7, and a \
             revocation of user 7 does not reach it"
        ))
        .hint(format!(
            "Cast only what is written as Postgres writes a number: case when auth.subject() ~ \
             '^(0|[1-9][0-9]{{0,17}})$' then auth.subject()::{number} end. If your issuer signs \
             nothing else, accept this finding."
        ))
        .evidence(json!({ "type": number }));
    Some(draft.done())
}

/// Returns the type that an expression casts the subject to, unless a `CASE` has looked at the
/// subject before.
fn cast(context: &Context<'_>, expr: &Expr) -> Option<u32> {
    let is_subject = |part: &Expr| context.source(part) == Some(Source::Subject);
    let mut checked: Vec<*const Expr> = Vec::new();
    for part in expr.parts() {
        if let Expr::Case(case) = part {
            let looked_at = case
                .whens
                .iter()
                .filter(|(when, _)| when.parts().any(is_subject));
            let results = looked_at.flat_map(|(_, then)| then.parts());
            checked.extend(results.map(std::ptr::from_ref));
        }
    }
    expr.parts().find_map(|part| match part {
        Expr::Cast { type_id, arg, .. }
            if NUMBERS.contains(type_id)
                && is_subject(arg)
                && !checked.contains(&std::ptr::from_ref(part)) =>
        {
            Some(*type_id)
        }
        _ => None,
    })
}
