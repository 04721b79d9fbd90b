//! A client can make itself a member: other tables' policies read a row of this table as
//! membership, and the check for that row asks for the caller alone, not for the group.

use serde_json::json;

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::planted::planted;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "self_granted_membership",
    level: Level::Error,
    page: "docs/lint.md#self_granted_membership",
    title: "a table of members that clients write themselves into",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let book = context.book();
    let links = book.links();
    for row in planted(context, book, &links) {
        let Some(user) = row.user else {
            continue;
        };
        let is_alone = row.asks_nothing_else();
        let names = facts
            .column_name(user.relation, user.attno)
            .zip(facts.column_name(row.key.relation, row.key.attno));
        let Some((user, key)) = names.filter(|_| is_alone) else {
            continue;
        };
        let reader = facts.relation_name(row.reader.table.oid);
        let command = row.command.as_str();
        let draft = Draft::policy(&RULE, facts, row.writer.policy)
            .problem(format!(
                "its check for {command} leaves {key} free, so a client makes itself a member of \
                 any: policy {} of {reader} then lets it in",
                row.reader.policy.name
            ))
            .hint(format!(
                "Let the check ask who has let the caller in, too: an invitation for the row's \
                 {key}, or the caller's role in it."
            ))
            .evidence(json!({
                "user_column": user,
                "key_column": key,
                "command": command,
                "opens": reader,
                "by_policy": row.reader.policy.name,
                "roles": facts.role_names(row.clients.iter().copied()),
            }));
        findings.push(draft.done());
    }
}
