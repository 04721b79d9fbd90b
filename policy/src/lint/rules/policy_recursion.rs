//! Policies that read each other's tables in a circle: each statement fails with 42P17.
//!
//! Postgres adds the policies of every table that a policy reads, and those of the tables that
//! these read (`fireRIRrules` in src/backend/rewrite/rewriteHandler.c). It gives up at a table that
//! it is already adding, if one of its policies has a sub-select. Policies that do not apply to the
//! role are not added. A function with the rights of its caller reads by the policies, too, which
//! call it again without end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::facts::{Client, Command, Facts, Policy};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "policy_recursion",
    level: Level::Error,
    page: "docs/lint.md#policy_recursion",
    title: "policies that read each other's tables in a circle (42P17)",
    also: &[],
    check,
};

/// A policy with a sub-select, and the tables and views that it reads.
struct Reads<'f> {
    policy: &'f Policy,
    relations: BTreeSet<u32>,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reading: BTreeMap<u32, Vec<Reads<'_>>> = BTreeMap::new();
    for policy in context.policies() {
        let mut relations: BTreeSet<u32> = policy
            .exprs()
            .flat_map(|expr| context.read_by(expr))
            .collect();
        relations.extend(
            policy
                .exprs()
                .flat_map(|expr| context.read_by_helpers(expr)),
        );
        let has_query =
            !relations.is_empty() || policy.exprs().any(|expr| !expr.queries().is_empty());
        if has_query {
            let own = reading.entry(policy.relation).or_default();
            own.push(Reads { policy, relations });
        }
    }
    for reads in reading.values().flatten() {
        findings.extend(finding(context, &reading, reads));
    }
}

fn finding(
    context: &Context<'_>,
    reading: &BTreeMap<u32, Vec<Reads<'_>>>,
    reads: &Reads<'_>,
) -> Option<Finding> {
    let facts = context.facts;
    let policy = reads.policy;
    let (client, way) = Command::ALL.into_iter().find_map(|command| {
        let clients = context.clients_of(policy, command);
        clients
            .into_iter()
            .find_map(|client| Some((client, circle(facts, reading, reads, client)?)))
    })?;
    let names: Vec<_> = way.iter().map(|oid| facts.relation_name(*oid)).collect();
    let problem = match names.as_slice() {
        [only] => format!(
            "it reads {only}, its own table, whose policies are added again: each \
                           statement fails with 42P17"
        ),
        names => format!(
            "it reads tables whose policies lead back to its own, by {}: each statement fails with \
             42P17",
            names.join(", ")
        ),
    };
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(problem)
        .hint(
            "Move the sub-select into a SECURITY DEFINER function with a fixed search_path, owned \
             by the owner of the table that it reads, and call that in the policy.",
        )
        .evidence(json!({ "role": facts.role_name(client.role), "tables": names }));
    Some(draft.done())
}

/// Returns the tables on the way from what a policy reads back to its own table, which is the last
/// one.
fn circle(
    facts: &Facts,
    reading: &BTreeMap<u32, Vec<Reads<'_>>>,
    reads: &Reads<'_>,
    client: &Client,
) -> Option<Vec<u32>> {
    let target = reads.policy.relation;
    let mut seen = BTreeSet::new();
    let mut ways: Vec<Vec<u32>> = reads.relations.iter().map(|oid| vec![*oid]).collect();
    ways.reverse();
    while let Some(way) = ways.pop() {
        let at = *way.last()?;
        let mut applied = applied(facts, reading, at, client).peekable();
        if applied.peek().is_none() {
            continue;
        }
        if at == target {
            return Some(way);
        }
        if seen.insert(at) {
            let next = applied.flat_map(|reads| &reads.relations);
            ways.extend(next.map(|oid| [way.as_slice(), &[*oid]].concat()));
        }
    }
    None
}

/// Returns the policies for SELECT with a sub-select that Postgres adds where a client reads a
/// table.
fn applied<'r, 'f>(
    facts: &Facts,
    reading: &'r BTreeMap<u32, Vec<Reads<'f>>>,
    table: u32,
    client: &Client,
) -> impl Iterator<Item = &'r Reads<'f>> {
    let relation = facts.relations.get(&table);
    let applies = relation.is_some_and(|r| r.rls && (r.rls_forced || !client.owns(r)));
    let reads = reading.get(&table).filter(|_| applies);
    reads.into_iter().flatten().filter(|reads| {
        reads.policy.is_for(Command::Select) && client.is_any_of(&reads.policy.roles)
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::lint::testing::{
        ANON, AUTHENTICATED, Database, boolean, column, eq_uuid, exists, in_select, own, uid,
    };

    #[test]
    fn a_policy_that_reads_its_own_table_is_named() {
        let mut db = Database::supabase();
        let members = db.table("members", &["team_id", "user_id"]);
        let own_teams = in_select(
            own(1),
            &[members],
            column(0, 1, 1),
            eq_uuid(column(0, 1, 2), uid()),
        );
        db.policy(members, "team").select().using(own_teams);
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].evidence["tables"][0], "public.members");
    }

    #[test]
    fn both_policies_of_a_circle_are_named_and_those_that_lead_into_it_are_not() {
        let mut db = Database::supabase();
        let a = db.table("a", &["id"]);
        let b = db.table("b", &["id"]);
        let c = db.table("c", &["id"]);
        db.policy(a, "reads_b")
            .select()
            .using(exists(&[b], boolean(true)));
        db.policy(b, "reads_a")
            .select()
            .using(exists(&[a], boolean(true)));
        db.policy(c, "reads_a")
            .select()
            .using(exists(&[a], boolean(true)));
        let findings = db.findings(&RULE);
        let tables: Vec<_> = findings.iter().map(|f| f.object.as_str()).collect();
        assert_eq!(tables, ["public.a", "public.b"]);
    }

    #[test]
    fn other_roles_other_commands_and_no_sub_select_end_the_circle() {
        let mut db = Database::supabase();
        let a = db.table("a", &["id", "owner"]);
        let b = db.table("b", &["id"]);
        db.policy(a, "own").select().using(eq_uuid(own(2), uid()));
        db.policy(a, "adds")
            .insert()
            .to(AUTHENTICATED)
            .check(exists(&[a, b], boolean(true)));
        db.policy(b, "reads_a")
            .select()
            .to(AUTHENTICATED)
            .using(exists(&[a], boolean(true)));
        db.policy(a, "reads_b")
            .select()
            .to(ANON)
            .using(exists(&[b], boolean(true)));
        assert_eq!(db.findings(&RULE), []);
    }
}
