//! A subscription to tables of authguard is disabled, so what its publisher revokes does not
//! arrive.

use serde_json::json;

use crate::facts::quote_ident;
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "subscription_stopped",
    level: Level::Error,
    page: "docs/lint.md#subscription_stopped",
    title: "a disabled subscription to the revocations of another database",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let is_own = |relation: &u32| {
        let relation = facts.relations.get(relation);
        relation.is_some_and(|r| r.extension.as_deref() == Some("authguard"))
    };
    let stopped = facts.subscriptions.iter().filter(|s| !s.is_enabled);
    for subscription in stopped.filter(|s| s.relations.iter().any(is_own)) {
        let name = quote_ident(&subscription.name);
        let tables = subscription.relations.iter().filter(|oid| is_own(oid));
        let tables: Vec<_> = tables.map(|oid| facts.relation_name(*oid)).collect();
        let draft = Draft::other(&RULE, "subscription", name.clone())
            .problem("it is disabled: what its publisher revokes does not arrive")
            .hint(format!("alter subscription {name} enable"))
            .evidence(json!({ "tables": tables }));
        findings.push(draft.done());
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::facts::Subscription;
    use crate::lint::testing::{Database, OWNER};

    fn database(is_enabled: bool, extension: &str) -> Database {
        let mut db = Database::supabase();
        let revocation = db.table_in("authguard", "revocation", &["id"]);
        db.relation(revocation).extension = Some(extension.to_owned());
        db.facts.subscriptions.push(Subscription {
            name: "Arrivals".to_owned(),
            owner: OWNER,
            is_enabled,
            relations: vec![revocation],
        });
        db
    }

    #[test]
    fn a_disabled_one_to_tables_of_authguard_is_named() {
        let findings = database(false, "authguard").findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].hint, "alter subscription \"Arrivals\" enable");
    }

    #[test]
    fn one_that_runs_or_is_about_other_tables_is_none() {
        assert_eq!(database(true, "authguard").findings(&RULE), []);
        assert_eq!(database(false, "other").findings(&RULE), []);
    }
}
