//! A table that clients reach through a policy has no guard, so a revoked token still reads it.

use serde_json::json;

use crate::facts::quote_literal;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "unguarded_table",
    level: Level::Error,
    page: "docs/lint.md#unguarded_table",
    title: "a table that clients reach, without a guard",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    if facts.server.authguard.is_none() {
        return;
    }
    let guards = context.guards();
    let descendants = guards.descendants();
    for table in context.relations().filter(|r| r.is_table() && r.rls) {
        // With row-level security on, a table is closed unless a policy opens it. Another rule is
        // about the partitions of guarded tables.
        let is_open = !guards.is_protected(table.oid)
            && guards.is_opened(table.oid)
            && !guards.checks_itself(table.oid)
            && !descendants.iter().any(|(child, _)| child.oid == table.oid);
        let Some(roles) = guards.reached_by(table.oid).filter(|_| is_open) else {
            continue;
        };
        let name = quote_literal(&facts.relation_name(table.oid));
        let draft = Draft::relation(&RULE, facts, table)
            .problem(
                "no restrictive policy for all commands calls auth.is_revoked(), \
                 auth.is_active() or auth.is_user()",
            )
            .hint(format!("select authguard.guard_table({name})"))
            .evidence(json!({ "roles": roles }));
        findings.push(draft.done());
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::Expr;
    use crate::lint::testing::{
        AUTHENTICATED, Database, IS_ACTIVE, IS_REVOKED, boolean, call, eq_uuid, own, select, uid,
    };

    fn database() -> (Database, u32) {
        let mut db = Database::supabase();
        db.add_authguard();
        let notes = db.table("notes", &["id", "owner"]);
        (db, notes)
    }

    fn owner() -> Expr {
        eq_uuid(own(2), uid())
    }

    fn active() -> Expr {
        select(call(IS_ACTIVE, vec![]))
    }

    fn not_revoked() -> Expr {
        Expr::Not(Box::new(call(IS_REVOKED, vec![])))
    }

    #[test]
    fn a_table_that_a_policy_opens_is_named_until_it_has_a_guard() {
        let (mut db, notes) = database();
        assert_eq!(db.findings(&RULE), [], "closed");
        db.policy(notes, "own").to(AUTHENTICATED).using(owner());
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].hint,
            "select authguard.guard_table('public.notes')"
        );
        db.guard(notes);
        assert_eq!(db.findings(&RULE), []);
    }

    #[test]
    fn without_the_extension_nothing_is_guarded() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "own").using(owner());
        assert_eq!(db.findings(&RULE), []);
    }

    #[test]
    fn policies_that_all_check_the_token_themselves_need_no_guard() {
        let (mut db, notes) = database();
        db.policy(notes, "own")
            .using(Expr::And(vec![owner(), active()]));
        db.policy(notes, "team")
            .using(Expr::And(vec![owner(), not_revoked()]))
            .check(Expr::Or(vec![active(), not_revoked()]));
        assert_eq!(db.findings(&RULE), []);
        // One way past the check is enough.
        db.policy(notes, "open")
            .select()
            .using(Expr::Or(vec![owner(), active()]));
        assert_eq!(db.findings(&RULE).len(), 1);
    }

    #[test]
    fn a_check_the_wrong_way_round_is_none() {
        let (mut db, notes) = database();
        db.policy(notes, "own").using(call(IS_REVOKED, vec![]));
        assert_eq!(db.findings(&RULE).len(), 1);
        let (mut db, notes) = database();
        db.policy(notes, "own").using(Expr::Not(Box::new(active())));
        assert_eq!(db.findings(&RULE).len(), 1);
    }

    #[test]
    fn a_guard_that_a_revoked_token_passes_is_none() {
        let guarded = |using: Expr, check: Option<Expr>| {
            let (mut db, notes) = database();
            db.policy(notes, "own").using(owner());
            let guard = db.policy(notes, "guard").restrictive().using(using);
            if let Some(check) = check {
                guard.check(check);
            }
            db.findings(&RULE).is_empty()
        };
        let or_false = Expr::Coalesce(vec![not_revoked(), boolean(false)]);
        assert!(guarded(not_revoked(), None));
        assert!(guarded(or_false, Some(active())));
        assert!(!guarded(Expr::Or(vec![active(), owner()]), None));
        assert!(!guarded(call(IS_REVOKED, vec![]), None));
        assert!(!guarded(active(), Some(boolean(true))));
        // Closed is closed, but it does not ask whether a token is revoked.
        assert!(!guarded(boolean(false), None));
    }
}
