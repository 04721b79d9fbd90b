//! A policy that is true for a request without a token, whatever the row: the reader of claims is
//! NULL then, and the condition takes NULL for a yes.

use serde_json::json;

use crate::Expr;
use crate::facts::{Command, PUBLIC, Policy, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "open_without_caller",
    level: Level::Error,
    page: "docs/lint.md#open_without_caller",
    title: "a condition about the caller that is true if there is no caller",
    also: &["pgrls SEC004", "pgrls SEC038"],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let permissive = context.policies().filter(|policy| policy.permissive);
    findings.extend(permissive.filter_map(|policy| finding(context, policy)));
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    let table = context.table_of(policy)?;
    let mut commands = Vec::new();
    let mut roles = Vec::new();
    for command in Command::ALL {
        let decides = policy.using(command).or_else(|| policy.checks(command));
        if !decides.is_some_and(|expr| is_open(context, expr)) {
            continue;
        }
        let mut clients = context.anonymous_of(policy, command);
        clients.retain(|client| context.is_unrestricted(table, client, command));
        if !clients.is_empty() {
            commands.push(command.as_str());
            roles.extend(clients.iter().map(|client| client.role));
        }
    }
    if commands.is_empty() {
        return None;
    }
    let roles = facts.role_names(roles);
    let hint = match facts.role_named("authenticated") {
        Some(role)
            if policy.roles.contains(&PUBLIC) && context.reach.client(role.oid).is_some() =>
        {
            format!(
                "alter policy {} on {} to authenticated",
                quote_ident(&policy.name),
                facts.relation_name(policy.relation)
            )
        }
        _ => "Ask first whether there is a caller: auth.uid() is not null and (…).".to_owned(),
    };
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "for {} it is true for every row if there is no token: what it asks of the caller is \
             NULL then",
            commands.join(", ")
        ))
        .hint(hint)
        .evidence(json!({ "commands": commands, "roles": roles }));
    Some(draft.done())
}

/// Returns true if an expression asks about the caller, and is true for every row without one.
fn is_open(context: &Context<'_>, expr: &Expr) -> bool {
    context.truth_without_token(expr).is_true()
        && !context.truth(expr).is_true()
        && expr
            .parts()
            .any(|part| context.without_token(part).is_some())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::Expr;
    use crate::lint::testing::{
        ANON, AUTHENTICATED, Database, claim, eq_text, eq_uuid, own, text, uid,
    };

    #[test]
    fn a_null_caller_that_passes_is_named_for_anonymous_roles_alone() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        let open = || Expr::Or(vec![Expr::IsNull(Box::new(uid())), eq_uuid(own(2), uid())]);
        db.policy(notes, "everybody").using(open());
        db.policy(notes, "anon").to(ANON).using(open());
        db.policy(notes, "signed_in")
            .to(AUTHENTICATED)
            .using(open());
        let findings = db.findings(&RULE);
        let policies: Vec<_> = findings
            .iter()
            .map(|f| f.policy.as_deref().unwrap())
            .collect();
        assert_eq!(policies, ["anon", "everybody"]);
        assert_eq!(
            findings[1].hint,
            "alter policy everybody on public.notes to authenticated"
        );
    }

    #[test]
    fn a_policy_that_a_guard_closes_or_that_asks_the_row_too_is_none() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "row").using(Expr::Or(vec![
            Expr::And(vec![
                Expr::IsNull(Box::new(uid())),
                Expr::IsNull(Box::new(own(2))),
            ]),
            eq_uuid(own(2), uid()),
        ]));
        let drafts = db.table("drafts", &["id", "owner"]);
        db.policy(drafts, "open")
            .using(Expr::IsNull(Box::new(uid())));
        db.policy(drafts, "some_user")
            .restrictive()
            .using(Expr::IsNotNull(Box::new(uid())));
        let by_role = db.table("by_role", &["id"]);
        db.policy(by_role, "staff")
            .using(Expr::Not(Box::new(eq_text(claim("role"), text("anon")))));
        assert_eq!(db.findings(&RULE), []);
    }
}
