//! A client may call a SECURITY DEFINER function whose owner passes the guards.

use std::collections::BTreeSet;

use serde_json::json;

use crate::Expr;
use crate::facts::{Body, Facts, Function, FunctionKind};
use crate::finding::{Finding, Level};
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::sql::words;

pub(in crate::lint) static RULE: Rule = Rule {
    name: "definer_function",
    level: Level::Warning,
    page: "docs/lint.md#definer_function",
    title: "a SECURITY DEFINER function that clients may call",
    also: &[
        "splinter 0028",
        "splinter 0029",
        "pgrls SEC014",
        "pgrls SEC042",
    ],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let facts = context.facts;
    let is_guarded = context.guards().protected().next().is_some();
    // Without guards, such a function is the usual way to let clients do what policies do not.
    if facts.server.authguard.is_some() && is_guarded {
        // Whoever a policy is for has to be able to call what the policy calls.
        let exprs = facts.policies.iter().flat_map(|policy| policy.exprs());
        let helpers: BTreeSet<u32> = exprs.flat_map(Expr::functions).collect();
        let functions = context.functions().filter(|function| {
            let is_helper = helpers.contains(&function.oid) && !returns_rows(facts, function);
            function.security_definer && !is_helper && !asks(context, function)
        });
        findings
            .extend(functions.filter_map(|function| {
                finding(context, function, helpers.contains(&function.oid))
            }));
    }
}

/// Returns true for a function whose result may be the rows of a table, and not only their keys.
fn returns_rows(facts: &Facts, function: &Function) -> bool {
    let result = facts.types.get(&function.result);
    function.returns_set && result.is_none_or(|result| ['c', 'p'].contains(&result.kind))
}

/// The functions one of which a body asks whether the token is in force.
const CHECKS: [&str; 4] = ["require_active", "is_active", "is_user", "is_revoked"];

/// Returns true if a function asks for itself.
fn asks(context: &Context<'_>, function: &Function) -> bool {
    let facts = context.facts;
    let is_check = |oid: &u32| {
        let readers = facts.server.authguard.as_ref().map(|own| own.readers);
        facts.functions.get(oid).is_some_and(|called| {
            Some(called.schema) == readers && CHECKS.contains(&called.name.as_str())
        })
    };
    match &function.body {
        Body::Tree(queries) => queries
            .iter()
            .flat_map(Expr::functions)
            .any(|f| is_check(&f)),
        Body::Source(text) => words(text)
            .is_some_and(|words| words.iter().any(|word| CHECKS.contains(&word.as_str()))),
        Body::Unread => false,
    }
}

fn finding(context: &Context<'_>, function: &Function, is_helper: bool) -> Option<Finding> {
    let facts = context.facts;
    let guards = context.guards();
    if ["trigger", "event_trigger"].contains(&facts.type_name(function.result).as_str()) {
        return None;
    }
    let grants = facts
        .grants
        .functions
        .get(&function.oid)
        .into_iter()
        .flatten();
    let may_call = grants.filter(|grant| {
        let mut holders = guards.holders().iter();
        grant.grantee != function.owner
            && holders.any(|holder| {
                holder.grantees.contains(&grant.grantee) && holder.may_use(facts, function.schema)
            })
    });
    let roles = facts.role_names(may_call.map(|grant| grant.grantee));
    let mut tables = guards.protected();
    if roles.is_empty() || !tables.any(|table| guards.passes(function.owner, table)) {
        return None;
    }
    let owner = facts.role_name(function.owner);
    let name = facts.function_name(function.oid);
    let kind = match function.kind {
        FunctionKind::Procedure => "procedure",
        _ => "function",
    };
    let draft = Draft::function(&RULE, facts, function)
        .problem(format!(
            "SECURITY DEFINER, callable by clients, and its owner {owner} passes row-level security"
        ))
        .hint(match is_helper {
            true => {
                "Let it call auth.require_active() first: a policy calls it, so clients have to \
                     be able to."
                    .to_owned()
            }
            false => format!(
                "revoke execute on {kind} {name} from {roles} \
                 -- or let it call auth.require_active() first"
            ),
        })
        .evidence(json!({ "roles": roles, "owner": owner }));
    Some(draft.done())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::facts::{Body, Grant, PUBLIC};
    use crate::lint::testing::{Database, IS_ACTIVE, call};

    /// A guarded table, and a SECURITY DEFINER function of its owner that everybody may call.
    fn database() -> (Database, u32, u32) {
        let mut db = Database::supabase();
        db.add_authguard();
        let notes = db.table("notes", &["id"]);
        db.guard(notes);
        let all = db.function("all_notes");
        all.security_definer = true;
        let all = all.oid;
        let grant = Grant {
            grantee: PUBLIC,
            privilege: "EXECUTE".to_owned(),
        };
        db.facts.grants.functions.insert(all, vec![grant]);
        (db, notes, all)
    }

    #[test]
    fn one_that_everybody_may_call_is_named() {
        let (db, _, _) = database();
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].object, "public.all_notes()");
        assert!(
            findings[0]
                .hint
                .starts_with("revoke execute on function public.all_notes() from public")
        );
    }

    #[test]
    fn one_that_no_client_may_call_is_none() {
        let (mut db, _, all) = database();
        db.facts.grants.functions.insert(all, Vec::new());
        assert_eq!(db.findings(&RULE), []);
    }

    #[test]
    fn one_that_a_policy_calls_has_to_be_callable_unless_it_returns_whole_rows() {
        let (mut db, notes, all) = database();
        db.policy(notes, "members").using(call(all, vec![]));
        assert_eq!(db.findings(&RULE), []);
        // `my_teams() returns setof bigint` is a list of keys.
        db.facts.functions.get_mut(&all).unwrap().returns_set = true;
        assert_eq!(db.findings(&RULE), []);
        let record = 2249;
        db.facts.functions.get_mut(&all).unwrap().result = record;
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        // Without the privilege its policy would fail.
        assert!(findings[0].hint.starts_with("Let it call"));
    }

    #[test]
    fn one_that_asks_itself_is_none() {
        let (mut db, _, all) = database();
        let mut body = |text: &str| {
            let body = Body::Source(text.to_owned());
            db.facts.functions.get_mut(&all).unwrap().body = body;
            db.findings(&RULE).len()
        };
        assert_eq!(body("begin perform auth.require_active(); end"), 0);
        assert_eq!(body("begin -- auth.require_active()\n return true; end"), 1);
        let tree = Body::Tree(vec![call(IS_ACTIVE, vec![])]);
        db.facts.functions.get_mut(&all).unwrap().body = tree;
        assert_eq!(db.findings(&RULE), []);
    }
}
