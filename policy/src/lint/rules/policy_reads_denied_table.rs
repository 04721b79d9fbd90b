//! A policy that reads a table which its roles may not read: their statements fail with 42501. A
//! sub-select of a policy runs with the rights of whoever runs the statement.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::facts::{Client, Command, Facts, PUBLIC, Policy, Relation, RelationKind};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::{Column, Expr, RangeKind};

pub(super) static RULE: Rule = Rule {
    name: "policy_reads_denied_table",
    level: Level::Error,
    page: "docs/lint.md#policy_reads_denied_table",
    title: "a policy that reads a table which its roles may not read",
    also: &[],
    check,
};

/// The tables and views that a policy reads, and the columns of each.
type Read = BTreeMap<u32, BTreeSet<i16>>;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for policy in context.policies() {
        let read = read(context.facts, policy.exprs());
        for (relation, columns) in &read {
            findings.extend(finding(context, policy, *relation, columns));
        }
    }
}

fn finding(
    context: &Context<'_>,
    policy: &Policy,
    relation: u32,
    columns: &BTreeSet<i16>,
) -> Option<Finding> {
    let facts = context.facts;
    let relation = facts.relations.get(&relation)?;
    // The privileges of Postgres's own tables are not among the facts.
    if facts.is_system(relation.schema) {
        return None;
    }
    let commands = Command::ALL.into_iter();
    let clients: BTreeMap<u32, &Client> = commands
        .flat_map(|command| context.clients_of(policy, command))
        .map(|client| (client.role, client))
        .collect();
    let denied = clients
        .values()
        .filter(|client| !may_read(facts, client, relation, columns));
    let denied: BTreeSet<u32> = denied.map(|client| client.role).collect();
    if denied.is_empty() {
        return None;
    }
    let level = if denied.len() == clients.len() {
        Level::Error
    } else if denied.iter().any(|role| policy.roles.contains(role)) {
        Level::Warning
    } else {
        Level::Info
    };
    let name = facts.relation_name(relation.oid);
    let roles = facts.role_names(denied);
    let draft = Draft::policy(&RULE, facts, policy)
        .level(level)
        .problem(format!(
            "it reads {name}, which {roles} may not read: their statements fail with 42501"
        ))
        .hint(format!(
            "Read {name} in a SECURITY DEFINER function with a fixed search_path, and call that in \
             the policy. Grant SELECT on {name} only if its own policies show a client no more than \
             it may see."
        ))
        .evidence(json!({ "relation": name, "roles": roles }))
        .told_apart_by(&name);
    Some(draft.done())
}

fn read<'e>(facts: &'e Facts, exprs: impl Iterator<Item = &'e Expr>) -> Read {
    let mut read = Read::new();
    let mut left: Vec<&Expr> = exprs.collect();
    while let Some(expr) = left.pop() {
        for entry in expr.queries().iter().flat_map(|query| &query.range_table) {
            let RangeKind::Relation { relation, .. } = entry.kind else {
                continue;
            };
            let is_new = !read.contains_key(&relation);
            read.entry(relation).or_default();
            // A view of this kind passes on the rights of its caller.
            let view = facts.relations.get(&relation).filter(|_| is_new);
            let view = view.filter(|v| v.kind == RelationKind::View && v.security_invoker);
            left.extend(view.and_then(|v| v.query.as_ref()));
        }
        for column in expr.columns() {
            if let Column::Relation { relation, attno } = column {
                read.entry(relation).or_default().insert(attno);
            }
        }
    }
    read
}

/// Returns true if a client may read these columns, or any column if there are none. The schema
/// does not matter: policies name tables by their OIDs.
fn may_read(facts: &Facts, client: &Client, relation: &Relation, columns: &BTreeSet<i16>) -> bool {
    let is_of = |grantee: u32| grantee == PUBLIC || client.grantees.contains(&grantee);
    let whole = facts.grants.relations.get(&relation.oid);
    let mut whole = whole.into_iter().flatten();
    if client.superuser || whole.any(|grant| grant.privilege == "SELECT" && is_of(grant.grantee)) {
        return true;
    }
    let single = facts.grants.columns.get(&relation.oid);
    let single = single.into_iter().flatten();
    let granted: BTreeSet<i16> = single
        .filter(|(_, grant)| grant.privilege == "SELECT" && is_of(grant.grantee))
        .map(|(attno, _)| *attno)
        .collect();
    let of_whole_row = || relation.columns.iter().all(|c| granted.contains(&c.attno));
    !granted.is_empty()
        && columns.iter().all(|attno| match attno {
            0 => of_whole_row(),
            attno => granted.contains(attno),
        })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::facts::PUBLIC;
    use crate::finding::Level;
    use crate::lint::testing::{ANON, AUTHENTICATED, Database, column, eq_uuid, exists, uid};

    /// `notes` with a policy that reads `subscribers`, which is granted to nobody.
    fn database() -> (Database, u32) {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        let subscribers = db.table("subscribers", &["id", "user_id"]);
        db.revoke_all(subscribers);
        let subscribed = exists(&[subscribers], eq_uuid(column(0, 1, 2), uid()));
        db.policy(notes, "subscribed").select().using(subscribed);
        (db, subscribers)
    }

    #[test]
    fn a_policy_is_an_error_if_no_role_of_it_may_read_the_table() {
        let (db, _) = database();
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].level, Level::Error);
        assert_eq!(findings[0].evidence["roles"], "anon, authenticated");
    }

    #[test]
    fn a_policy_for_everybody_is_a_note_if_some_may() {
        let (mut db, subscribers) = database();
        db.grant(subscribers, AUTHENTICATED, &["SELECT"]);
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].level, Level::Info);
        assert_eq!(findings[0].evidence["roles"], "anon");
    }

    #[test]
    fn the_columns_that_it_reads_are_enough() {
        let (mut db, subscribers) = database();
        db.grant_column(subscribers, 2, PUBLIC, "SELECT");
        assert_eq!(db.findings(&RULE), []);
        let (mut db, subscribers) = database();
        db.grant_column(subscribers, 1, PUBLIC, "SELECT");
        assert_eq!(db.findings(&RULE).len(), 1);
    }

    #[test]
    fn the_schema_of_the_table_may_be_closed() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        let private = db.table_in("private", "subscribers", &["id", "user_id"]);
        db.grant(private, ANON, &["SELECT"]);
        let subscribed = exists(&[private], eq_uuid(column(0, 1, 2), uid()));
        db.policy(notes, "subscribed").select().using(subscribed);
        assert_eq!(db.findings(&RULE), []);
    }
}
