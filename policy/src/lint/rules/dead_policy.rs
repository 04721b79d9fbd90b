//! A permissive policy that never decides, because a restrictive one lets nothing pass.

use serde_json::json;

use crate::facts::{Client, Command, Policy, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "dead_policy",
    level: Level::Warning,
    page: "docs/lint.md#dead_policy",
    title: "a permissive policy that a restrictive one makes useless",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let permissive = context.policies().filter(|policy| policy.permissive);
    findings.extend(permissive.filter_map(|policy| finding(context, policy)));
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    // What permits nothing anyway is no mistake that a restrictive policy makes.
    if policy
        .exprs()
        .all(|expr| context.truth(expr).is_never_true())
    {
        return None;
    }
    let mut closing = Vec::new();
    for command in Command::ALL {
        for client in context.clients_of(policy, command) {
            closing.push(&closes(context, policy, client, command)?.name);
        }
    }
    closing.sort();
    closing.dedup();
    let first = closing.first()?;
    let table = facts.relation_name(policy.relation);
    let name = quote_ident(&policy.name);
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "it never decides: the restrictive policy {} lets nothing pass for its commands and \
             roles",
            quote_ident(first)
        ))
        .hint(format!("drop policy {name} on {table}"))
        .evidence(json!({ "restrictive": closing }));
    Some(draft.done())
}

/// Returns a restrictive policy that lets nothing pass.
fn closes<'c>(
    context: &'c Context<'_>,
    policy: &Policy,
    client: &Client,
    command: Command,
) -> Option<&'c Policy> {
    let table = context.table_of(policy)?;
    let restrictive = context.effective(table, client, command).restrictive;
    restrictive.into_iter().find(|other| {
        let exprs = [other.using(command), other.checks(command)];
        let mut exprs = exprs.into_iter().flatten();
        other.opaque().is_empty() && exprs.any(|expr| context.truth(expr).is_never_true())
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::lint::testing::{ANON, Database, boolean, eq_uuid, own, uid};

    #[test]
    fn a_policy_behind_a_restrictive_false_is_named_with_it() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "own")
            .select()
            .using(eq_uuid(own(2), uid()));
        db.policy(notes, "closed")
            .restrictive()
            .using(boolean(false));
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].policy.as_deref(), Some("own"));
        assert!(findings[0].problem.contains("closed"));
    }

    #[test]
    fn another_command_or_role_keeps_it_alive() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "own").using(eq_uuid(own(2), uid()));
        db.policy(notes, "no_delete")
            .restrictive()
            .delete()
            .using(boolean(false));
        db.policy(notes, "no_anon")
            .restrictive()
            .to(ANON)
            .using(boolean(false));
        assert_eq!(db.findings(&RULE), []);
    }

    #[test]
    fn a_permissive_false_is_closed_on_purpose() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        db.policy(notes, "nobody").using(boolean(false));
        db.policy(notes, "nobody_at_all")
            .restrictive()
            .using(boolean(false));
        assert_eq!(db.findings(&RULE), []);
    }
}
