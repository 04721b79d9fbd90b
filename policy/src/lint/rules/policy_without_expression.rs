//! A policy without the expression that its command needs: a permissive one permits nothing, and a
//! restrictive one restricts nothing.

use serde_json::json;

use crate::facts::{Command, Policy, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "policy_without_expression",
    level: Level::Warning,
    page: "docs/lint.md#policy_without_expression",
    title: "a policy without an expression: it permits nothing, or restricts nothing",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(
        context
            .policies()
            .filter_map(|policy| finding(context, policy)),
    );
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    let is_empty = policy.qual.is_none() && policy.check.is_none();
    let reached = Command::ALL.into_iter().filter(|command| {
        let clients = context.clients_of(policy, *command);
        !clients.is_empty() && (is_empty || updates_nothing(context, policy, *command))
    });
    let commands: Vec<_> = reached.map(Command::as_str).collect();
    if commands.is_empty() {
        return None;
    }
    let table = facts.relation_name(policy.relation);
    let name = quote_ident(&policy.name);
    let draft = Draft::policy(&RULE, facts, policy).evidence(json!({ "commands": commands }));
    let draft = match (policy.permissive, is_empty) {
        (true, true) => draft
            .problem("it has neither USING nor WITH CHECK, so it permits nothing")
            .hint(format!("drop policy {name} on {table}")),
        (true, false) => draft
            .problem("it is for UPDATE and has no USING, so an UPDATE finds no row through it")
            .hint(
                "Say which rows may be changed, by USING, as the policies for SELECT and DELETE do: \
                 WITH CHECK is about the new rows alone.",
            ),
        (false, _) => draft
            .level(Level::Error)
            .problem("it is restrictive and has neither USING nor WITH CHECK: it restricts nothing")
            .hint("Say by USING which rows are allowed. Until then it is as if it were not there."),
    };
    Some(draft.done())
}

/// A permissive policy for UPDATE with a check alone, where no other one says which rows.
fn updates_nothing(context: &Context<'_>, policy: &Policy, command: Command) -> bool {
    let others = context.facts.policies_of(policy.relation);
    policy.permissive
        && policy.command == Some(Command::Update)
        && command == Command::Update
        && policy.qual.is_none()
        && !others
            .filter(|other| other.permissive && other.using(command).is_some())
            .any(|other| {
                other.is_public() || policy.roles.iter().all(|role| other.roles.contains(role))
            })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::facts::Command;
    use crate::finding::Level;
    use crate::lint::testing::{AUTHENTICATED, Database, eq_uuid, own, uid};

    #[test]
    fn both_kinds_without_an_expression_are_named() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "opens").select().to(AUTHENTICATED);
        db.policy(notes, "restricts").restrictive();
        db.policy(notes, "own").using(eq_uuid(own(2), uid()));
        let findings = db.findings(&RULE);
        let levels: Vec<_> = findings
            .iter()
            .map(|f| (f.policy.as_deref().unwrap(), f.level))
            .collect();
        let expected = [("opens", Level::Warning), ("restricts", Level::Error)];
        assert_eq!(levels, expected);
        assert_eq!(findings[0].hint, "drop policy opens on public.notes");
    }

    #[test]
    fn an_update_without_using_finds_no_row_unless_another_policy_says_which() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "change")
            .update()
            .check(eq_uuid(own(2), uid()));
        assert_eq!(db.findings(&RULE).len(), 1);
        db.policy(notes, "own").using(eq_uuid(own(2), uid()));
        assert_eq!(db.findings(&RULE), []);
    }

    #[test]
    fn what_no_client_reaches_is_none() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        db.policy(notes, "opens").command(Command::Insert);
        db.revoke_all(notes);
        assert_eq!(db.findings(&RULE), []);
    }
}
