//! A client has a privilege on a protected table that no policy applies to, such as TRUNCATE.

use serde_json::json;

use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::guards::Right;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "privilege_past_policies",
    level: Level::Warning,
    page: "docs/lint.md#privilege_past_policies",
    title: "privileges that no policy applies to",
    also: &[],
    check,
};

/// The number of privileges in `grant all` that no policy applies to: TRUNCATE, TRIGGER,
/// REFERENCES. From Postgres 17 on there is MAINTAIN, too.
const PAST_POLICIES: usize = 3;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    for table in context.guards().protected() {
        let rights = context.guards().rights(table.oid).iter();
        let past: Vec<_> = rights.filter(|right| !right.is_of_rows()).collect();
        if past.is_empty() {
            continue;
        }
        let privileges: BTreeSet<&str> = past.iter().map(|right| right.privilege).collect();
        let privileges = privileges.into_iter().collect::<Vec<_>>().join(", ");
        let roles = facts.role_names(past.iter().map(|right| right.grantee));
        let name = facts.relation_name(table.oid);
        let command = privileges.to_lowercase();
        // Whoever has them all was granted all, as Supabase does on every table, and that means the
        // rows; no request of an API like its can use these.
        let of_all = |right: &&Right<'_>| {
            let same = past
                .iter()
                .filter(|o| (o.client, o.grantee) == (right.client, right.grantee));
            same.count() >= PAST_POLICIES
        };
        let level = match facts.server.authguard {
            Some(_) if !past.iter().all(of_all) => Level::Warning,
            _ => Level::Info,
        };
        let draft = Draft::relation(&RULE, facts, table)
            .kind("privilege")
            .level(level)
            .problem(format!("{privileges}: no policy applies to that"))
            .hint(format!("revoke {command} on {name} from {roles}"))
            .evidence(json!({ "roles": roles, "privileges": privileges }));
        findings.push(draft.done());
    }
}
