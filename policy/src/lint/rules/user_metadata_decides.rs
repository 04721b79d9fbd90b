//! `user_metadata` decides, which the user writes: whoever says that he is an administrator is one.

use serde_json::json;

use crate::facts::{Command, Policy};
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::sql::{literals, words};
use crate::{Column, Expr};

pub(super) static RULE: Rule = Rule {
    name: "user_metadata_decides",
    level: Level::Error,
    page: "docs/lint.md#user_metadata_decides",
    title: "a policy asks user_metadata, which the user writes",
    also: &["splinter 0015", "pgrls SEC033"],
    check,
};

/// The claim, and the column of Supabase's users that it is made from.
const CLAIM: &str = "user_metadata";
const COLUMN: &str = "raw_user_meta_data";

/// The names of functions that read claims.
const READERS: &[&str] = &["jwt", "claim", "claim_text", "current_setting"];

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
    let found = exprs.find_map(|expr| found(context, expr));
    let mut texts = policy.exprs().flat_map(|expr| context.texts(expr));
    let found = found.or_else(|| texts.find_map(found_in_text))?;
    let is_reached = |command| !context.clients_of(policy, command).is_empty();
    if !Command::ALL.into_iter().any(is_reached) {
        return None;
    }
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!("it asks {found}, which the user writes himself"))
        .hint(
            "Keep it where only the server writes: in app_metadata, which auth.app_metadata() \
             reads, or in a table that clients may not write.",
        )
        .evidence(json!({ "read": found }));
    Some(draft.done())
}

fn found(context: &Context<'_>, expr: &Expr) -> Option<&'static str> {
    if expr.parts().any(|part| is_read(context, part)) {
        return Some(CLAIM);
    }
    let is_column = |column: &Column| match column {
        Column::Relation { relation, attno } => {
            context.facts.column_name(*relation, *attno) == Some(COLUMN)
        }
        _ => false,
    };
    expr.columns().iter().any(is_column).then_some(COLUMN)
}

/// The same in the text of a helper, by its literals and names, comments left out.
fn found_in_text(text: &str) -> Option<&'static str> {
    let (words, literals) = words(text).zip(literals(text))?;
    let reads_claims = words.iter().any(|word| READERS.contains(&word.as_str()));
    if reads_claims && literals.iter().any(|literal| literal.contains(CLAIM)) {
        return Some(CLAIM);
    }
    words.iter().any(|word| word == COLUMN).then_some(COLUMN)
}

/// Returns true for a path into the claim, and for whatever is done with all claims and a constant
/// that names it, such as `@>`.
fn is_read(context: &Context<'_>, part: &Expr) -> bool {
    if let Some(Source::Claim(path)) = context.source(part)
        && path.first().is_some_and(|step| step == CLAIM)
    {
        return true;
    }
    let is_all_claims = |arg: &Expr| context.source(arg) == Some(Source::Claim(Vec::new()));
    match part {
        Expr::Operator(operation) => {
            operation.args.iter().any(is_all_claims) && operation.args.iter().any(names_claim)
        }
        Expr::Call(call) => {
            call.args.iter().any(is_all_claims) && call.args.iter().any(names_claim)
        }
        Expr::Subscript(from, keys) => is_all_claims(from) && keys.first().is_some_and(names_claim),
        _ => false,
    }
}

/// Returns true if the bytes of a constant, of whatever type, have the claim's name in them.
fn names_claim(expr: &Expr) -> bool {
    match expr {
        Expr::Const(constant) => {
            let bytes = constant.bytes.as_deref().unwrap_or_default();
            bytes
                .windows(CLAIM.len())
                .any(|window| window == CLAIM.as_bytes())
        }
        Expr::Cast { arg, .. } | Expr::NamedArg(arg) => names_claim(arg),
        Expr::Array(elements) => elements.iter().any(names_claim),
        _ => false,
    }
}
