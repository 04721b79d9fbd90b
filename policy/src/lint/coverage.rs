//! `authguard.coverage()`: the findings about guards, and what is in order.

use super::context::Context;
use super::rules::guard;
use crate::facts::Facts;
use crate::finding::{Finding, Level};

/// A row of `authguard.coverage()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// What the object is, as `table` or `role`.
    pub kind: &'static str,
    /// The object.
    pub object: String,
    /// True if a guard applies, or nothing is cut off.
    pub guarded: bool,
    /// The problem, if there is one.
    pub problem: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The rule, as `guarded_table` or `view_as_owner`.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
}

/// Lists each guarded table, and each way around a guard that a client has.
pub fn coverage(facts: &Facts) -> Vec<Covered> {
    let context = Context::of(facts);
    let mut findings = Vec::new();
    for rule in guard::ALL {
        (rule.check)(&context, &mut findings);
    }
    let mut rows = in_order(&context, &findings);
    rows.extend(findings.into_iter().map(|finding| Covered {
        guarded: is_guarded(&finding),
        kind: finding.kind,
        object: finding.object,
        problem: Some(finding.problem),
        hint: Some(finding.hint).filter(|hint| !hint.is_empty()),
        rule: finding.rule,
        level: finding.level,
    }));
    rows
}

/// The guarded tables and the attached ones that nothing is wrong with.
fn in_order(context: &Context<'_>, findings: &[Finding]) -> Vec<Covered> {
    let facts = context.facts;
    let row = |kind, rule, object: String| Covered {
        kind,
        object,
        guarded: true,
        problem: None,
        hint: None,
        rule,
        level: Level::Info,
    };
    let guarded = context
        .guards()
        .protected()
        .filter(|_| facts.server.authguard.is_some());
    let guarded = guarded.map(|table| facts.relation_name(table.oid));
    let partly = |name: &String| {
        let mut findings = findings.iter();
        findings.any(|f| f.rule == "partly_guarded_table" && f.object == *name)
    };
    let guarded = guarded.filter(|name| !partly(name));
    let attached = facts.own.iter().flat_map(|own| &own.attached);
    let attached = attached.filter(|table| table.code.is_none());
    guarded
        .map(|name| row("table", "guarded_table", name))
        .chain(attached.map(|table| row("attached table", "attached_table", table.name.clone())))
        .collect()
}

fn is_guarded(finding: &Finding) -> bool {
    match finding.rule {
        "partly_guarded_table" | "privilege_past_policies" | "owner_passes" => true,
        "attached_table" | "own_table" => finding.level != Level::Error,
        "setting" => finding.level == Level::Info,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::coverage;
    use crate::facts::{Attached, OwnProblem, OwnState};
    use crate::finding::Level;
    use crate::lint::rules;
    use crate::lint::rules::guard;
    use crate::lint::testing::{AUTHENTICATED, Database};

    #[test]
    fn each_of_its_rules_is_one_of_lint() {
        for rule in guard::ALL {
            assert!(rules::ALL.iter().any(|other| std::ptr::eq(*other, *rule)));
        }
    }

    #[test]
    fn no_two_rules_have_one_name_and_each_has_its_place_on_the_page() {
        let mut names: Vec<_> = rules::ALL.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rules::ALL.len());
        for rule in rules::ALL {
            assert_eq!(rule.page, format!("docs/lint.md#{}", rule.name));
        }
    }

    #[test]
    fn it_lists_what_is_in_order_too() {
        let mut db = Database::supabase();
        db.add_authguard();
        let whole = db.table("whole", &["id"]);
        let partly = db.table("partly", &["id"]);
        db.guard(whole);
        db.guard(partly).to(AUTHENTICATED);
        let rows = coverage(&db.facts);
        let of = |object: &str| {
            let mut rows = rows.iter().filter(|row| row.object == object);
            let row = rows.next().unwrap();
            assert!(rows.next().is_none());
            (row.rule, row.guarded, row.problem.is_some(), row.level)
        };
        let whole = ("guarded_table", true, false, Level::Info);
        assert_eq!(of("public.whole"), whole);
        let partly = ("partly_guarded_table", true, true, Level::Warning);
        assert_eq!(of("public.partly"), partly);
    }

    #[test]
    fn what_the_extension_says_about_itself_has_its_level() {
        let mut db = Database::supabase();
        let attached = |name: &str, code: Option<&str>| Attached {
            name: name.to_owned(),
            oid: 1,
            kind: "users".to_owned(),
            code: code.map(str::to_owned),
            problem: code.map(|_| "it is slow".to_owned()),
            hint: None,
        };
        let problem = |object: &str, is_serious| OwnProblem {
            object: object.to_owned(),
            problem: "is odd".to_owned(),
            is_serious,
            hint: "look".to_owned(),
        };
        db.facts.own = Some(OwnState {
            attached: vec![
                attached("good", None),
                attached("slow", Some("01000")),
                attached("gone", Some("42P01")),
            ],
            tables: vec![problem("closing", true), problem("slowing", false)],
            settings: vec![problem("wrong", true), problem("strange", false)],
            is_copy: true,
            ..OwnState::default()
        });
        let rows = coverage(&db.facts);
        let of = |object: &str| {
            let row = rows.iter().find(|row| row.object == object).unwrap();
            (row.guarded, row.level, row.hint.is_some())
        };
        assert_eq!(of("good"), (true, Level::Info, false));
        assert_eq!(of("slow"), (true, Level::Warning, false));
        assert_eq!(of("gone"), (false, Level::Error, true));
        assert_eq!(of("closing"), (false, Level::Error, true));
        assert_eq!(of("slowing"), (true, Level::Warning, true));
        assert_eq!(of("wrong"), (false, Level::Warning, true));
        assert_eq!(of("strange"), (true, Level::Info, true));
        assert_eq!(of("app"), (false, Level::Error, true));
    }
}
