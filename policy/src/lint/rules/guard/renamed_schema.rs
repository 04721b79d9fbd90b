//! The schema of the readers is not called auth any more.

use serde_json::json;

use crate::facts::quote_ident;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "renamed_schema",
    level: Level::Error,
    page: "docs/lint.md#renamed_schema",
    title: "the schema of the readers was renamed",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let own = facts.server.authguard.as_ref();
    let schema = own.and_then(|own| facts.schemas.get(&own.readers));
    let Some(schema) = schema.filter(|schema| schema.name != "auth") else {
        return;
    };
    let name = quote_ident(&schema.name);
    let draft = Draft::other(&RULE, "schema", schema.name.clone())
        .schema(&schema.name)
        .problem("renamed: policies that name schema auth call the functions of another one")
        .hint(format!(
            "alter schema {name} rename to auth, after the other one has gone"
        ))
        .evidence(json!({ "schema": schema.name }));
    findings.push(draft.done());
}
