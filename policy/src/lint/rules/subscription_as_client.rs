//! A client can become the owner of a subscription, which writes rows past every policy.

use serde_json::json;

use crate::facts::{Subscription, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "subscription_as_client",
    level: Level::Warning,
    page: "docs/lint.md#subscription_as_client",
    title: "a subscription whose owner a client can become",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let subscriptions = context.facts.subscriptions.iter();
    findings.extend(subscriptions.filter_map(|subscription| finding(context, subscription)));
}

fn finding(context: &Context<'_>, subscription: &Subscription) -> Option<Finding> {
    let facts = context.facts;
    let client = context.reach.client(subscription.owner)?;
    let logins = context.reach.logins_of(facts, client.role);
    let owner = facts.role_name(client.role);
    let name = quote_ident(&subscription.name);
    let draft = Draft::other(&RULE, "subscription", name)
        .problem(format!(
            "its owner {owner} may point it at any publisher, whose rows no policy checks, \
             and {logins} can become that role"
        ))
        .hint("Give it to a role that no client can become.")
        .evidence(json!({ "owner": owner, "logins": logins }));
    Some(draft.done())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::facts::Subscription;
    use crate::lint::testing::{AUTHENTICATED, Database, OWNER};

    fn owned_by(owner: u32) -> Database {
        let mut db = Database::supabase();
        db.facts.subscriptions.push(Subscription {
            name: "copies".to_owned(),
            owner,
            is_enabled: true,
            relations: Vec::new(),
        });
        db
    }

    #[test]
    fn one_of_a_role_that_clients_become_is_named() {
        let findings = owned_by(AUTHENTICATED).findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].object, "copies");
        assert_eq!(findings[0].evidence["logins"], "authenticator");
    }

    #[test]
    fn one_of_another_role_is_none() {
        assert_eq!(owned_by(OWNER).findings(&RULE), []);
    }
}
