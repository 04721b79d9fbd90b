//! A role has a privilege on an object of the extension that no function grant_* gives.

use serde_json::json;

use crate::facts::quote_ident;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "privilege_without_door",
    level: Level::Error,
    page: "docs/lint.md#privilege_without_door",
    title: "a privilege on authguard that no function gives",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let own = facts.own.iter();
    for (target, grantee, privileges) in own.flat_map(|own| &own.grants) {
        // A subscriber reads the tables as a role that may read all of the log anyhow.
        let mut roles = facts.roles.values();
        let replicates = roles.any(|r| r.can_replicate && quote_ident(&r.name) == *grantee);
        if replicates && ["SELECT", "USAGE"].contains(&privileges.as_str()) {
            continue;
        }
        let command = privileges.to_lowercase();
        let draft = Draft::other(&RULE, "privilege", target.clone())
            .problem(format!(
                "{grantee} has {privileges}, which no function grant_* gives"
            ))
            .hint(format!("revoke {command} on {target} from {grantee}"))
            .evidence(json!({ "role": grantee, "privileges": privileges }))
            .told_apart_by(grantee);
        findings.push(draft.done());
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::facts::OwnState;
    use crate::lint::testing::Database;

    fn database(privileges: &str, replicates: bool) -> Database {
        let mut db = Database::supabase();
        db.role(300, "Copy").can_replicate = replicates;
        let grant = ("table authguard.revocation", "\"Copy\"", privileges);
        db.facts.own = Some(OwnState {
            grants: vec![(grant.0.to_owned(), grant.1.to_owned(), grant.2.to_owned())],
            ..OwnState::default()
        });
        db
    }

    #[test]
    fn one_that_nobody_gave_is_named() {
        for db in [database("SELECT", false), database("DELETE, SELECT", true)] {
            assert_eq!(db.findings(&RULE).len(), 1);
        }
    }

    #[test]
    fn a_subscriber_may_read_what_it_receives() {
        assert_eq!(database("SELECT", true).findings(&RULE), []);
    }
}
