//! A policy lets requests without a token change or delete rows, whoever asks.

use serde_json::json;

use crate::facts::{Client, Columns, Command, PUBLIC, Policy, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "anyone_may_write",
    level: Level::Error,
    page: "docs/lint.md#anyone_may_write",
    title: "requests without a token may change or delete rows",
    also: &["splinter 0024", "pgrls SEC028", "pgrls SEC039"],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let permissive = context.policies().filter(|policy| policy.permissive);
    findings.extend(permissive.filter_map(|policy| finding(context, policy)));
}

fn finding(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let facts = context.facts;
    let commands = [Command::Update, Command::Delete].into_iter();
    let commands: Vec<_> = commands
        .map(|command| (command, writers(context, policy, command)))
        .filter(|(_, clients)| !clients.is_empty())
        .collect();
    if commands.is_empty() {
        return None;
    }
    let all_rows = commands.iter().any(|(command, _)| {
        let using = policy.using(*command);
        using.is_some_and(|expr| context.truth(expr).is_true())
    });
    let level = if all_rows {
        Level::Error
    } else {
        Level::Warning
    };
    let names: Vec<_> = commands
        .iter()
        .map(|(command, _)| command.as_str())
        .collect();
    let clients = commands.iter().flat_map(|(_, clients)| clients);
    let roles = facts.role_names(clients.map(|client| client.role));
    let rows = if all_rows {
        "every row"
    } else {
        "rows by their own values alone"
    };
    let hint = match facts.role_named("authenticated") {
        Some(role)
            if policy.roles.contains(&PUBLIC) && context.reach.client(role.oid).is_some() =>
        {
            format!(
                "alter policy {} on {} to authenticated -- and ask in it who the caller is",
                quote_ident(&policy.name),
                facts.relation_name(policy.relation)
            )
        }
        _ => {
            "Name in it who may write: a role other than the one of requests without a token, and \
              a condition about the caller."
                .to_owned()
        }
    };
    let draft = Draft::policy(&RULE, facts, policy)
        .level(level)
        .problem(format!(
            "it allows {} of {rows} to {roles}, whoever asks",
            names.join(" and ")
        ))
        .hint(hint)
        .evidence(json!({ "commands": names, "roles": roles }));
    Some(draft.done())
}

/// Returns the clients without a token that may write rows whoever asks. A privilege on some
/// columns only is given on purpose.
fn writers<'c>(context: &'c Context<'_>, policy: &'c Policy, command: Command) -> Vec<&'c Client> {
    let facts = context.facts;
    let (Some(table), Some(using)) = (context.table_of(policy), policy.using(command)) else {
        return Vec::new();
    };
    let exprs = [Some(using), policy.checks(command)];
    let is_open = exprs
        .into_iter()
        .flatten()
        .all(|expr| context.is_about_row_alone(expr) && context.truth(expr).may_be_true);
    if !is_open {
        return Vec::new();
    }
    let mut clients = context.anonymous_of(policy, command);
    clients.retain(|client| {
        client.columns(facts, table, command.as_str()) == Columns::All
            && context.is_unrestricted(table, client, command)
    });
    clients
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::finding::Level;
    use crate::lint::testing::{
        ANON, AUTHENTICATED, Database, boolean, eq_text, eq_uuid, own, text, uid,
    };

    #[test]
    fn a_policy_for_everybody_is_an_error_if_it_is_true_and_a_warning_if_it_asks_the_row() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "status"]);
        db.policy(notes, "all").using(boolean(true));
        db.policy(notes, "open")
            .update()
            .using(eq_text(own(2), text("open")));
        let findings = db.findings(&RULE);
        let levels: Vec<_> = findings
            .iter()
            .map(|f| (f.policy.as_deref().unwrap(), f.level))
            .collect();
        assert_eq!(levels, [("all", Level::Error), ("open", Level::Warning)]);
        assert_eq!(findings[0].evidence["roles"], "anon");
    }

    #[test]
    fn signed_in_users_inserts_some_columns_and_a_restriction_are_none() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "adds").insert().check(boolean(true));
        db.policy(notes, "signed_in")
            .to(AUTHENTICATED)
            .using(boolean(true));
        let counted = db.table("counted", &["id", "views"]);
        db.revoke(counted, ANON, "UPDATE");
        db.grant_column(counted, 2, ANON, "UPDATE");
        db.policy(counted, "views").update().using(boolean(true));
        let guarded = db.table("guarded", &["id", "owner"]);
        db.policy(guarded, "all").using(boolean(true));
        db.policy(guarded, "own")
            .restrictive()
            .using(eq_uuid(own(2), uid()));
        assert_eq!(db.findings(&RULE), []);
    }
}
