//! A table that a client can reach has row-level security off: every row is open to it.

use serde_json::json;

use crate::facts::{Relation, quote_literal};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "rls_disabled",
    level: Level::Error,
    page: "docs/lint.md#rls_disabled",
    title: "a table that clients reach, with row-level security off",
    also: &[
        "splinter 0007",
        "splinter 0013",
        "pgrls SEC001",
        "pgrls SEC032",
    ],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // Another rule is about the partitions of tables with policies.
    let descendants = context.guards().descendants();
    let tables = context
        .relations()
        .filter(|table| table.is_table() && !table.rls);
    let tables =
        tables.filter(|table| !descendants.iter().any(|(child, _)| child.oid == table.oid));
    findings.extend(tables.filter_map(|table| finding(context, table)));
}

fn finding(context: &Context<'_>, table: &Relation) -> Option<Finding> {
    let facts = context.facts;
    let roles = context.guards().reached_by(table.oid)?;
    let name = facts.relation_name(table.oid);
    // A guard alone would hide every row, so guard_table refuses a table without a policy.
    let is_opened = context.guards().is_opened(table.oid);
    let hint = match facts.server.authguard {
        Some(_) if is_opened => format!("select authguard.guard_table({})", quote_literal(&name)),
        _ => format!("alter table {name} enable row level security"),
    };
    let draft = Draft::relation(&RULE, facts, table)
        .problem("row-level security is off")
        .hint(hint)
        .evidence(json!({ "roles": roles }));
    Some(draft.done())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::lint::testing::{Database, eq_uuid, own, uid};

    #[test]
    fn a_table_that_clients_may_read_is_named_with_them() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        db.relation(notes).rls = false;
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].object, "public.notes");
        assert_eq!(
            findings[0].hint,
            "alter table public.notes enable row level security"
        );
        assert_eq!(findings[0].evidence["roles"], "anon, authenticated");
    }

    #[test]
    fn a_guard_is_proposed_for_a_table_that_has_a_policy() {
        let mut db = Database::supabase();
        db.add_authguard();
        let notes = db.table("notes", &["id", "owner"]);
        db.relation(notes).rls = false;
        let hint = |db: &Database| db.findings(&RULE)[0].hint.clone();
        assert_eq!(
            hint(&db),
            "alter table public.notes enable row level security"
        );
        db.policy(notes, "own").using(eq_uuid(own(2), uid()));
        assert_eq!(hint(&db), "select authguard.guard_table('public.notes')");
    }

    #[test]
    fn a_table_without_a_grant_to_a_client_is_none() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        db.relation(notes).rls = false;
        db.revoke_all(notes);
        assert_eq!(db.findings(&RULE), []);
    }

    #[test]
    fn a_table_in_a_schema_that_no_client_may_use_is_none() {
        let mut db = Database::supabase();
        let notes = db.table_in("private", "notes", &["id"]);
        db.relation(notes).rls = false;
        assert_eq!(db.findings(&RULE), []);
    }
}
