//! A SECURITY DEFINER function that a policy calls and whose names are looked up in the search_path
//! of the caller, who decides in this way which tables it reads.

use std::collections::BTreeMap;

use serde_json::json;

use crate::facts::{Body, Command, Function, Policy, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};

pub(super) static RULE: Rule = Rule {
    name: "definer_search_path",
    level: Level::Warning,
    page: "docs/lint.md#definer_search_path",
    title: "a SECURITY DEFINER function that policies call, without a fixed search_path",
    also: &["splinter 0011", "pgrls SEC015"],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut called: BTreeMap<u32, (&Function, Vec<&Policy>)> = BTreeMap::new();
    for policy in context.policies() {
        let is_reached = |command| !context.clients_of(policy, command).is_empty();
        if !Command::ALL.into_iter().any(is_reached) {
            continue;
        }
        for function in policy.exprs().flat_map(|expr| context.calls(expr)) {
            let (_, policies) = called.entry(function.oid).or_insert((function, Vec::new()));
            policies.push(policy);
        }
    }
    for (function, policies) in called.into_values() {
        findings.extend(finding(context, function, &policies));
    }
}

fn finding(context: &Context<'_>, function: &Function, policies: &[&Policy]) -> Option<Finding> {
    let facts = context.facts;
    let is_looked_up = matches!(function.body, Body::Source(_))
        && !["c", "internal"].contains(&function.language.as_str());
    if !function.security_definer || !is_looked_up {
        return None;
    }
    let name = facts.function_name(function.oid);
    let schema = quote_ident(facts.schema_name(function.schema));
    let called_by = policies.iter().map(|policy| {
        let table = facts.relation_name(policy.relation);
        format!("{} on {table}", quote_ident(&policy.name))
    });
    let mut called_by: Vec<_> = called_by.collect();
    called_by.dedup();
    let draft = Draft::function(&RULE, facts, function)
        .evidence(json!({ "policies": called_by, "search_path": function.setting("search_path") }));
    let draft = match function.setting("search_path").map(schemas) {
        None => draft
            .problem(
                "it runs with its owner's rights and the caller's search_path, so the caller \
                 decides which tables it reads",
            )
            .hint(format!(
                "alter function {name} set search_path = {schema}, pg_temp"
            )),
        Some(schemas) if names_tables(&schemas) => draft
            .level(Level::Info)
            .problem(
                "its search_path does not name pg_temp, so temporary tables of the caller come \
                 first",
            )
            .hint(format!(
                "alter function {name} set search_path = {}, pg_temp",
                schemas
                    .iter()
                    .map(|s| quote_ident(s))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        Some(_) => return None,
    };
    Some(draft.done())
}

/// The names in a value of `search_path`, without their quotes.
fn schemas(value: &str) -> Vec<String> {
    let names = value
        .split(',')
        .map(|name| name.trim().trim_matches('"').replace("\"\"", "\""));
    names.filter(|name| !name.is_empty()).collect()
}

/// Returns true if a name without a schema can be one of a table of the caller: an empty path finds
/// nothing, so each name has its schema, and `pg_catalog` has no tables of users.
fn names_tables(schemas: &[String]) -> bool {
    let users = schemas.iter().any(|name| name != "pg_catalog");
    users && !schemas.iter().any(|name| name == "pg_temp")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::finding::Level;
    use crate::lint::testing::{Database, call};

    /// A table whose policy calls a SECURITY DEFINER function with this setting.
    fn level(search_path: Option<&str>) -> Option<Level> {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        let function = db.function("is_member");
        function.security_definer = true;
        let setting = search_path.map(|path| format!("search_path={path}"));
        function.settings.extend(setting);
        let oid = function.oid;
        db.policy(notes, "members").using(call(oid, Vec::new()));
        let findings = db.findings(&RULE);
        findings.first().map(|finding| finding.level)
    }

    #[test]
    fn a_function_in_the_callers_path_is_named_and_one_with_a_fixed_path_is_none() {
        assert_eq!(level(None), Some(Level::Warning));
        assert_eq!(level(Some("app")), Some(Level::Info));
        assert_eq!(level(Some("app, pg_temp")), None);
        assert_eq!(level(Some("\"\"")), None);
        assert_eq!(level(Some("pg_catalog")), None);
    }

    #[test]
    fn a_function_that_no_policy_calls_or_of_the_callers_rights_is_none() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        db.function("not_called").security_definer = true;
        let invoker = db.function("as_caller").oid;
        db.policy(notes, "members").using(call(invoker, Vec::new()));
        assert_eq!(db.findings(&RULE), []);
    }
}
