//! A rule (CREATE RULE) that a client sets off acts with the rights of its table's owner.

use serde_json::json;

use crate::facts::{RewriteRule, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "rule_as_owner",
    level: Level::Warning,
    page: "docs/lint.md#rule_as_owner",
    title: "a rule that writes past policies",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let rules = context.facts.rewrite_rules.iter();
    let rules = rules.filter(|rule| rule.name != "_RETURN" && !rule.does_nothing);
    findings.extend(rules.filter_map(|rule| finding(context, rule)));
}

fn finding(context: &Context<'_>, rule: &RewriteRule) -> Option<Finding> {
    let facts = context.facts;
    let guards = context.guards();
    let relation = facts.relations.get(&rule.relation)?;
    let touches = guards.is_protected(rule.relation)
        || rule
            .relations
            .iter()
            .any(|other| guards.is_protected(*other));
    let privilege = rule.command.filter(|_| touches)?.as_str();
    let rights = guards.rights(rule.relation).iter();
    let roles = rights.filter(|right| right.privilege == privilege);
    let roles = facts.role_names(roles.map(|right| right.grantee));
    if roles.is_empty() {
        return None;
    }
    let name = facts.relation_name(relation.oid);
    let owner = facts.role_name(relation.owner);
    let command = privilege.to_lowercase();
    let schema = facts.schema_name(relation.schema);
    let draft = Draft::other(
        &RULE,
        "rule",
        format!("{} on {name}", quote_ident(&rule.name)),
    )
    .schema(schema)
    .problem(format!(
        "does what it does with the rights of {owner}, the owner of {name}"
    ))
    .hint(format!(
        "revoke {command} on {name} from {roles} -- or let a trigger take its place"
    ))
    .evidence(json!({ "roles": roles, "owner": owner }));
    Some(draft.done())
}
