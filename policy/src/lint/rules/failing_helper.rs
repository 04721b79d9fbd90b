//! A helper that cannot run: its policy's roles may not execute it, or its body compares types that
//! have no such operator. Every client gets an error instead of rows.

use std::collections::BTreeMap;

use serde_json::json;

use crate::facts::{Command, Function};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::Entry;
use crate::lint::ways::sql::broken;

pub(super) static RULE: Rule = Rule {
    name: "failing_helper",
    level: Level::Error,
    page: "docs/lint.md#failing_helper",
    title: "a helper of a policy that fails whenever it is called",
    also: &[],
    check,
};

/// Why helpers fail, each looked at once.
type Known = BTreeMap<u32, Option<String>>;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut known = Known::new();
    for table in context.tables().filter(|table| table.rls) {
        for entry in context.book().of_table(table.oid) {
            findings.extend(finding(context, entry, &mut known));
        }
    }
}

fn finding(context: &Context<'_>, entry: &Entry<'_>, known: &mut Known) -> Option<Finding> {
    let facts = context.facts;
    let policy = entry.policy;
    let mut clients: Vec<_> = Command::ALL
        .iter()
        .flat_map(|command| context.clients_of(policy, *command))
        .collect();
    clients.sort_by_key(|client| client.role);
    clients.dedup();
    let helpers = policy.exprs().flat_map(|expr| expr.functions());
    for helper in helpers.filter_map(|oid| facts.functions.get(&oid)) {
        let executors = facts.grants.executors(helper.oid);
        let refused = clients
            .iter()
            .filter(|client| !client.is_any_of(&executors));
        let refused: Vec<_> = refused.map(|client| client.role).collect();
        if !refused.is_empty() {
            let roles = facts.role_names(refused);
            let problem = format!(
                "{roles} may not execute {}, so each of its statements fails",
                facts.function_name(helper.oid)
            );
            return Some(done(context, entry, helper, &problem, &roles));
        }
        if clients.is_empty() || facts.is_foreign_code(helper) {
            continue;
        }
        let why = known
            .entry(helper.oid)
            .or_insert_with(|| broken(facts, helper));
        if let Some(why) = why {
            let roles = facts.role_names(clients.iter().map(|client| client.role));
            let problem = format!("{} fails: {why}", facts.function_name(helper.oid));
            return Some(done(context, entry, helper, &problem, &roles));
        }
    }
    let (relation, roles) = denied(context, entry)?;
    let table = facts.relation_name(relation);
    let problem = format!("a helper that it calls reads {table}, which {roles} may not select");
    Some(
        Draft::policy(&RULE, facts, policy)
            .problem(problem)
            .hint(
                "Make the helper SECURITY DEFINER with a search_path of its own, so that it reads \
                 the table with its owner's rights.",
            )
            .evidence(json!({ "table": table, "roles": roles }))
            .done(),
    )
}

/// Returns a table that a helper reads with the rights of clients who have none.
fn denied(context: &Context<'_>, entry: &Entry<'_>) -> Option<(u32, String)> {
    let facts = context.facts;
    let reads = entry.all().flat_map(|way| &way.reads);
    for read in reads.filter(|read| !read.is_own && read.as_caller) {
        let table = facts.relations.get(&read.relation)?;
        let clients = Command::ALL
            .iter()
            .flat_map(|command| context.clients_of(entry.policy, *command))
            .filter(|client| !client.may(facts, table, "SELECT"));
        let roles: Vec<u32> = clients.map(|client| client.role).collect();
        if !roles.is_empty() {
            return Some((read.relation, facts.role_names(roles)));
        }
    }
    None
}

fn done(
    context: &Context<'_>,
    entry: &Entry<'_>,
    helper: &Function,
    problem: &str,
    roles: &str,
) -> Finding {
    let facts = context.facts;
    Draft::policy(&RULE, facts, entry.policy)
        .problem(problem)
        .hint(format!(
            "Correct {}, and call it as a client would.",
            facts.function_name(helper.oid)
        ))
        .evidence(json!({ "function": facts.function_name(helper.oid), "roles": roles }))
        .done()
}
