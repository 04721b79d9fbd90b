//! Requests without a token may upload files.

use serde_json::json;

use crate::facts::{Command, PUBLIC, Policy, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "storage_open_upload",
    level: Level::Warning,
    page: "docs/lint.md#storage_open_upload",
    title: "requests without a token may upload files",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let uploads = context.policies().filter(|policy| policy.permissive);
    findings.extend(uploads.filter_map(|policy| finding(context, policy)));
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    let table = context
        .table_of(policy)
        .filter(|table| context.is_files(table))?;
    let expr = policy.checks(Command::Insert)?;
    if !context.is_about_row_alone(expr) || !context.truth(expr).may_be_true {
        return None;
    }
    let mut clients = context.anonymous_of(policy, Command::Insert);
    clients.retain(|client| context.is_unrestricted(table, client, Command::Insert));
    if clients.is_empty() {
        return None;
    }
    let roles = facts.role_names(clients.iter().map(|client| client.role));
    let is_public = policy.roles.contains(&PUBLIC);
    let hint = match facts.role_named("authenticated") {
        Some(role) if is_public && context.reach.client(role.oid).is_some() => format!(
            "alter policy {} on {} to authenticated",
            quote_ident(&policy.name),
            facts.relation_name(policy.relation)
        ),
        _ => "Let only signed-in users upload, each into a folder of their own.".to_owned(),
    };
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "it lets {roles} upload files under any name: whoever has the public key of the \
             application fills the bucket"
        ))
        .hint(hint)
        .evidence(json!({ "roles": roles }));
    Some(draft.done())
}
