//! A function of schema auth is no longer the library's own.

use serde_json::json;

use crate::facts::quote_literal;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "replaced_reader",
    level: Level::Error,
    page: "docs/lint.md#replaced_reader",
    title: "a reader of claims that was replaced",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    for reader in facts.own.iter().flat_map(|own| &own.replaced) {
        let Some(function) = facts.functions.get(&reader.function) else {
            continue;
        };
        let name = facts.function_name(function.oid);
        let (library, symbol) = (
            quote_literal(&reader.library),
            quote_literal(&reader.symbol),
        );
        let draft = Draft::function(&RULE, facts, function)
            .problem("replaced or altered: its answers do not come from authguard")
            .hint(format!(
                "create or replace function {name} returns {} language c \
                 stable parallel safe as {library}, {symbol}",
                reader.result
            ))
            .evidence(json!({ "language": function.language }));
        findings.push(draft.done());
    }
}
