//! A policy's name says that it is for the service role, or another role that no client becomes;
//! its roles say otherwise, and its condition is `true`.

use serde_json::json;

use crate::facts::{Command, Facts, Role, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::{Entry, Way};

pub(super) static RULE: Rule = Rule {
    name: "role_in_name_only",
    level: Level::Error,
    page: "docs/lint.md#role_in_name_only",
    title: "a policy that only by its name is for a trusted role",
    also: &[],
    check,
};

/// What people call the role of their server.
const PHRASES: &[&str] = &[
    "service role",
    "servicerole",
    "service key",
    "service account",
    "service only",
    "services only",
    "backend only",
    "server only",
    "only backend",
    "only server",
    "only the backend",
    "only the server",
    "only service",
    "server side",
    "system only",
    "system can",
    "allow system",
    "the system",
    "backend can",
    "server can",
    "service can",
    "internal only",
    "supabase admin",
];

/// What people call those who run an application. Everybody reads what they write, often.
const ADMINS: &[&str] = &[
    "admin",
    "admins",
    "administrator",
    "administrators",
    "superadmin",
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let entries = context.book().permissive();
    findings.extend(entries.filter_map(|entry| finding(context, entry)));
}

fn finding(context: &Context<'_>, entry: &Entry<'_>) -> Option<Finding> {
    let facts = context.facts;
    let policy = entry.policy;
    let meant = meant(context, &policy.name);
    let is_servers = meant.is_some() || PHRASES.iter().any(|p| has_phrase(&policy.name, p));
    let is_admins = ADMINS
        .iter()
        .any(|word| normal(&policy.name).starts_with(&normal(word)));
    let is_meant = is_servers || is_admins;
    let named = meant.is_some_and(|role| policy.roles == [role.oid]);
    if !is_meant || named {
        return None;
    }
    let open: Vec<_> = Command::ALL
        .into_iter()
        .filter(|command| is_servers || *command != Command::Select)
        .filter(|command| {
            let mut ways = entry
                .existing(*command)
                .iter()
                .chain(entry.incoming(*command));
            ways.any(Way::is_true)
        })
        .filter(|command| {
            let clients = context.clients_of(policy, *command).into_iter();
            let mut clients =
                clients.filter(|c| !context.book().is_restricted(entry.table.oid, c, *command));
            clients.next().is_some()
        })
        .collect();
    let first = *open.first()?;
    let roles = facts.role_names(policy.roles.iter().copied());
    let clients = context
        .clients_of(policy, first)
        .into_iter()
        .map(|client| client.role);
    let commands: Vec<_> = open.iter().map(|command| command.as_str()).collect();
    let name = facts.relation_name(policy.relation);
    let role = meant.or_else(|| facts.role_named("service_role"));
    let hint = match role.filter(|_| is_servers) {
        Some(role) => format!(
            "alter policy {} on {name} to {}",
            quote_ident(&policy.name),
            quote_ident(&role.name)
        ),
        None if is_servers => "Name the role that the policy is for after TO.".to_owned(),
        None => "Let its condition ask whether the caller is an administrator.".to_owned(),
    };
    let draft = Draft::policy(&RULE, facts, policy)
        .problem(format!(
            "its name says another role, but it is for {roles} and its condition is true: clients \
             may run {}",
            commands.join(", ")
        ))
        .hint(hint)
        .evidence(json!({
            "commands": commands,
            "roles": roles,
            "clients": facts.role_names(clients),
        }));
    Some(draft.done())
}

/// Returns the role that a name is about: one that no client becomes, or that passes policies, at
/// its beginning or after a word such as `only`.
fn meant<'f>(context: &Context<'f>, name: &str) -> Option<&'f Role> {
    let facts: &'f Facts = context.facts;
    let words = normal(name);
    let mut roles = facts.roles.values().filter(|role| {
        let client = context.reach.client(role.oid);
        let is_trusted = client.is_none_or(|client| client.passes_policies);
        is_trusted && !role.name.starts_with("pg_") && !context.reach.logins().contains(&role.oid)
    });
    roles.find(|role| {
        let role = normal(&role.name);
        let after = ["only", "for", "by", "to"];
        !role.trim().is_empty()
            && (words.starts_with(&role)
                || after
                    .iter()
                    .any(|word| words.contains(&format!(" {word}{role}"))))
    })
}

fn has_phrase(name: &str, phrase: &str) -> bool {
    normal(name).contains(&normal(phrase))
}

/// Returns the words of a name in lower case, with a space before and after each. `ServiceRole` is
/// two words.
fn normal(name: &str) -> String {
    let mut spaced = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_uppercase() && after_small {
            spaced.push(' ');
        }
        after_small = c.is_lowercase();
        spaced.push(c);
    }
    let words = spaced
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    format!(" {} ", words.join(" "))
}
