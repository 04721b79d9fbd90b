//! A permissive policy that lets every row in, beside one that was meant to hold: permissive
//! policies are ORed.

use serde_json::json;

use crate::facts::{Command, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::{Entry, Way};

pub(super) static RULE: Rule = Rule {
    name: "check_made_useless",
    level: Level::Error,
    page: "docs/lint.md#check_made_useless",
    title: "a permissive policy that makes another one useless",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let entries = context.book().permissive();
    findings.extend(entries.filter_map(|entry| finding(context, entry)));
}

fn finding(context: &Context<'_>, open: &Entry<'_>) -> Option<Finding> {
    let facts = context.facts;
    let book = context.book();
    let writes = [Command::Insert, Command::Update, Command::Delete];
    for command in writes
        .into_iter()
        .filter(|command| open.policy.is_for(*command))
    {
        for client in context.clients_of(open.policy, command) {
            if book.is_restricted(open.table.oid, client, command) {
                continue;
            }
            let others = book.applying(open.table.oid, client, command);
            for other in others.filter(|other| !std::ptr::eq(*other, open)) {
                if let Some(new) = is_useless(open, other, command) {
                    return Some(
                        draft(context, open, other, command, new)
                            .evidence(json!({
                                "command": command.as_str(),
                                "useless": other.policy.name,
                                "roles": facts.role_names([client.role]),
                            }))
                            .done(),
                    );
                }
            }
        }
    }
    None
}

/// Returns whether it is the condition for new rows (true) or for those that are there (false) of
/// the other policy that never holds anybody back.
fn is_useless(open: &Entry<'_>, other: &Entry<'_>, command: Command) -> Option<bool> {
    // Everybody may insert, and FOR ALL is for the administrators: that is meant as OR.
    let is_apart = command == Command::Insert
        && open.policy.command.is_some()
        && other.policy.command.is_none();
    if is_apart {
        return None;
    }
    let holds = |ways: &[Way]| !ways.is_empty() && !ways.iter().any(Way::is_open);
    let new = open.incoming(command).iter().any(Way::is_open) && holds(other.incoming(command));
    let existing =
        open.existing(command).iter().any(Way::is_open) && holds(other.existing(command));
    match (new, existing) {
        (true, _) => Some(true),
        // What UPDATE makes of any row is still checked.
        (_, true) if command == Command::Delete => Some(false),
        _ => None,
    }
}

fn draft(
    context: &Context<'_>,
    open: &Entry<'_>,
    other: &Entry<'_>,
    command: Command,
    new: bool,
) -> Draft {
    let facts = context.facts;
    let what = if new { "new rows" } else { "rows" };
    let text = if new {
        other
            .policy
            .check_text
            .as_ref()
            .or(other.policy.qual_text.as_ref())
    } else {
        other.policy.qual_text.as_ref()
    };
    let hint = match text {
        Some(text) => format!(
            "alter policy {} on {} {} ({text})",
            quote_ident(&open.policy.name),
            facts.relation_name(open.table.oid),
            if new { "with check" } else { "using" },
        ),
        None => "Let this policy ask for what the other one asks for.".to_owned(),
    };
    Draft::policy(&RULE, facts, open.policy)
        .problem(format!(
            "it lets all {what} pass for {command}, so what policy {} asks for holds nobody back: \
             permissive policies are ORed",
            other.policy.name
        ))
        .hint(hint)
}
