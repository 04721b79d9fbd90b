//! A policy for uploads that does not ask which bucket: it is open for buckets that come later.

use serde_json::json;

use crate::facts::{Client, Command, Policy, Relation};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::{Column, Expr};

pub(super) static RULE: Rule = Rule {
    name: "storage_any_bucket",
    level: Level::Warning,
    page: "docs/lint.md#storage_any_bucket",
    title: "a policy for uploads that names no bucket",
    also: &["pgrls SEC050"],
    check,
};

const BUCKET: &str = "bucket_id";

impl Context<'_> {
    /// Returns true for the table of files of Supabase's storage service.
    pub(in crate::lint) fn is_files(&self, table: &Relation) -> bool {
        self.facts.schema_name(table.schema) == "storage" && table.name == "objects"
    }
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let permissive = context.policies().filter(|policy| policy.permissive);
    findings.extend(permissive.filter_map(|policy| finding(context, policy)));
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    let table = context
        .table_of(policy)
        .filter(|table| context.is_files(table))?;
    let bucket = table.column_named(BUCKET)?.attno;
    let expr = policy.checks(Command::Insert)?;
    if context.truth(expr).is_never_true() {
        return None;
    }
    // One branch without it is enough.
    let entries = context.book().of_table(table.oid);
    let mut ways = entries
        .filter(|entry| std::ptr::eq(entry.policy, policy))
        .flat_map(|entry| entry.incoming(Command::Insert));
    let is_open = ways.any(|way| !way.is_unknown() && !way.row_columns().contains(&bucket));
    if asks(expr, bucket) && !is_open {
        return None;
    }
    let mut clients = context.clients_of(policy, Command::Insert);
    clients.retain(|client| !is_restricted(context, table, client, bucket));
    if clients.is_empty() {
        return None;
    }
    let roles = facts.role_names(clients.iter().map(|client| client.role));
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "it does not ask for {BUCKET}: {roles} may upload into every bucket"
        ))
        .hint("Name the bucket in it, as in bucket_id = 'avatars' and (…).")
        .evidence(json!({ "roles": roles }));
    Some(draft.done())
}

/// Returns true if an expression asks for the bucket, or for the whole row.
fn asks(expr: &Expr, bucket: i16) -> bool {
    expr.columns().iter().any(|column| match column {
        Column::Own { attno, .. } => *attno == bucket || *attno == 0,
        _ => false,
    })
}

fn is_restricted(context: &Context<'_>, table: &Relation, client: &Client, bucket: i16) -> bool {
    let restrictive = context
        .effective(table, client, Command::Insert)
        .restrictive;
    let mut checks = restrictive
        .iter()
        .filter_map(|policy| policy.checks(Command::Insert));
    checks.any(|expr| asks(expr, bucket) || context.truth(expr).is_never_true())
}
