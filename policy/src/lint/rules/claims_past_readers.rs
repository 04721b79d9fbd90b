//! Claims that are read by `current_setting`, past the readers of schema `auth`: nobody asks whose
//! claims count, and a cast of the empty text that a request leaves behind fails with 22P02.

use serde_json::json;

use crate::facts::{Attribute, Command, Facts, Policy, Relation, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::sql::{literals, words};
use crate::{Expr, SubLink};

pub(super) static RULE: Rule = Rule {
    name: "claims_past_readers",
    level: Level::Warning,
    page: "docs/lint.md#claims_past_readers",
    title: "claims are read by current_setting, past the readers",
    also: &[],
    check,
};

/// OIDs of `json` and `jsonb` (src/include/catalog/pg_type.dat).
const JSON: [u32; 2] = [114, 3802];

/// The type of the column that a reader fits.
const UUID: u32 = 2950;

/// How the claims are read.
struct Read {
    setting: String,
    /// True if the text is cast as it is, so that an empty one is an error.
    fails_if_empty: bool,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for policy in context.policies() {
        findings.extend(of_policy(context, policy));
    }
    for table in context.tables() {
        let columns = table.columns.iter().filter(|column| !column.is_generated);
        findings.extend(columns.filter_map(|column| of_default(context, table, column)));
    }
}

fn of_policy(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let read = all_reads(context, policy.exprs())?;
    let is_reached = |command| !context.clients_of(policy, command).is_empty();
    if !Command::ALL.into_iter().any(is_reached) {
        return None;
    }
    let draft = Draft::policy(&RULE, context.facts, policy).hint(
        "Read the claim by a function of schema auth: auth.uid(), auth.subject(), auth.claim_text() \
         or auth.jwt().",
    );
    tell(context, draft, &read)
}

fn of_default(context: &Context<'_>, table: &Relation, column: &Attribute) -> Option<Finding> {
    let facts = context.facts;
    let default = column.default.as_ref()?;
    let read = all_reads(context, [default])?;
    context
        .reach
        .reaching(facts, table, Command::Insert)
        .next()?;
    let name = quote_ident(&column.name);
    let is_user = context.source(default) == Some(Source::Subject);
    let hint = if is_user && column.type_id == UUID && facts.server.authguard.is_some() {
        format!(
            "alter table {} alter column {name} set default auth.uid()",
            facts.relation_name(table.oid)
        )
    } else {
        "Let the default call a function of schema auth: auth.uid(), auth.subject(), \
         auth.claim_text() or auth.jwt()."
            .to_owned()
    };
    let draft = Draft::relation(&RULE, facts, table)
        .hint(hint)
        .told_apart_by(&column.name);
    let mut finding = tell(context, draft, &read)?;
    finding.problem = format!("the default of {name}: {}", finding.problem);
    Some(finding)
}

/// Without the extension there are no readers to be passed by, and it is a note that a cast may
/// fail.
fn tell(context: &Context<'_>, draft: Draft, read: &Read) -> Option<Finding> {
    let setting = &read.setting;
    let fails = "a request leaves it behind as an empty text, whose cast fails with 22P02";
    let past = "so a revoked or forged token counts, which the readers would refuse";
    let has_readers = context.facts.server.authguard.is_some();
    let problem = match (has_readers, read.fails_if_empty) {
        (true, false) => format!("it reads the setting {setting} itself, {past}"),
        (true, true) => format!("it reads the setting {setting} itself, {past}, and {fails}"),
        (false, true) => format!("it casts the setting {setting} as it is: {fails}"),
        (false, false) => return None,
    };
    let level = if has_readers {
        Level::Warning
    } else {
        Level::Info
    };
    let evidence = json!({ "setting": setting, "fails_if_empty": read.fails_if_empty });
    Some(
        draft
            .level(level)
            .problem(problem)
            .evidence(evidence)
            .done(),
    )
}

/// Looks at expressions and at the helpers that they call.
fn all_reads<'e>(context: &Context<'_>, exprs: impl IntoIterator<Item = &'e Expr>) -> Option<Read> {
    let reads = exprs.into_iter().flat_map(|expr| {
        let trees = context.with_bodies(expr).into_iter();
        let trees = trees.filter_map(|tree| read(context.facts, tree));
        trees
            .chain(context.texts(expr).into_iter().filter_map(read_in_text))
            .collect::<Vec<_>>()
    });
    strongest(reads)
}

/// Looks at the text of a helper, by its literals and names, comments left out.
fn read_in_text(text: &str) -> Option<Read> {
    let (words, literals) = words(text).zip(literals(text))?;
    let has = |name: &str| words.iter().any(|word| word == name);
    let setting = literals.into_iter().find(|literal| is_claims(literal))?;
    has("current_setting").then(|| Read {
        setting,
        fails_if_empty: (has("json") || has("jsonb")) && !has("nullif"),
    })
}

fn is_claims(setting: &str) -> bool {
    let name = setting.to_ascii_lowercase();
    name == "request.jwt.claims" || name.starts_with("request.jwt.claim.")
}

fn strongest(reads: impl Iterator<Item = Read>) -> Option<Read> {
    reads.max_by_key(|read| read.fails_if_empty)
}

fn read(facts: &Facts, expr: &Expr) -> Option<Read> {
    let casts = expr.parts().filter_map(|part| match part {
        Expr::Cast { type_id, arg, .. } if JSON.contains(type_id) => setting(facts, arg),
        _ => None,
    });
    let cast = casts.map(|setting| Read {
        setting,
        fails_if_empty: true,
    });
    let plain = expr.parts().filter_map(|part| setting(facts, part));
    let plain = plain.map(|setting| Read {
        setting,
        fails_if_empty: false,
    });
    strongest(cast.chain(plain))
}

/// Returns the name of the setting of claims that an expression is, through `(select …)`.
fn setting(facts: &Facts, expr: &Expr) -> Option<String> {
    let call = match expr {
        Expr::Call(call) => call,
        Expr::SubLink(SubLink { query, .. }) => {
            return setting(facts, crate::lint::truth::only_value(query)?);
        }
        _ => return None,
    };
    let function = facts.functions.get(&call.function)?;
    let name = facts.text_of(call.args.first()?)?.to_ascii_lowercase();
    let is_read = function.name == "current_setting" && facts.is_system(function.schema);
    (is_read && is_claims(&name)).then_some(name)
}
