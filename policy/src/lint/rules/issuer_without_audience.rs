//! The keys of an issuer verify tokens whatever audience they are for.

use serde_json::json;

use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "issuer_without_audience",
    level: Level::Info,
    page: "docs/lint.md#issuer_without_audience",
    title: "an issuer whose tokens are believed without an audience",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for issuer in context.facts.own.iter().flat_map(|own| &own.issuers) {
        if !issuer.has_audience {
            let draft = Draft::other(&RULE, "issuer", issuer.name.clone())
                .problem(
                    "no audience is checked: a token passes by its client alone, whatever service \
                     it was made for",
                )
                .hint(
                    "If its tokens have a claim aud, name the values that mean this database: \
                     call authguard.trust_issuer with audience.",
                )
                .evidence(json!({ "client_ids": issuer.client_ids }));
            findings.push(draft.done());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::facts::{Issuer, OwnState};
    use crate::lint::testing::Database;

    #[test]
    fn one_with_clients_only_is_named_and_one_with_an_audience_is_not() {
        let mut db = Database::supabase();
        let issuer = |name: &str, has_audience| Issuer {
            name: name.to_owned(),
            has_audience,
            client_ids: vec!["app".to_owned()],
        };
        db.facts.own = Some(OwnState {
            issuers: vec![issuer("https://a", false), issuer("https://b", true)],
            ..OwnState::default()
        });
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].object, "https://a");
    }
}
