//! The mistakes that are made in a policy.

use super::Fake;
use authguard_policy::{Row, policy_mutants};

/// A policy as the catalogs have it: its terms, and the nodes of its expressions.
struct Given<'g> {
    command: &'g str,
    permissive: bool,
    roles: &'g str,
    using: Option<(&'g str, &'g str)>,
    check: Option<(&'g str, &'g str)>,
    never_null: &'g str,
}

const OWN: Given<'_> = Given {
    command: "*",
    permissive: true,
    roles: "public",
    using: None,
    check: None,
    never_null: "[]",
};

const TRUE: (&str, &str) = (
    "true",
    "{CONST :consttype 16 :consttypmod -1 :constcollid 0 :constlen 1 :constbyval true :constisnull false :location 1 :constvalue 1 [ 1 0 0 0 0 0 0 0 ]}",
);

/// `column 1 = column 2` of the table.
const EQUAL: &str = "{OPEXPR :opno 98 :opfuncid 67 :opresulttype 16 :opretset false :opcollid 0 :inputcollid 100 :args ({VAR :varno 1 :varattno 1 :varlevelsup 0} {VAR :varno 1 :varattno 2 :varlevelsup 0}) :location 1}";

fn row(values: &[Option<&str>]) -> Row {
    values
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

fn mutations(given: &Given<'_>) -> Vec<(String, String)> {
    let (using, check) = (given.using.unzip(), given.check.unzip());
    let permissive = given.permissive.to_string();
    let policy = [
        Some("7"),
        Some("app.note"),
        Some("note"),
        Some("p"),
        Some(given.command),
        Some(&*permissive),
        Some(given.roles),
        using.0,
        using.1,
        check.0,
        check.1,
        None,
        Some(given.never_null),
    ];
    let mut server = Fake::new(|sql: &str| {
        Ok(if sql.contains("pg_catalog.pg_operator o") {
            vec![row(&[Some("98"), Some("="), Some("<>")])]
        } else if sql.contains("from pg_catalog.pg_policy p") {
            vec![row(&policy)]
        } else if sql.contains("from pg_catalog.pg_namespace n") {
            vec![row(&[None, None, None])]
        } else {
            Vec::new()
        })
    });
    let mutants = policy_mutants(&mut server, "app").unwrap();
    let shown = |it: authguard_policy::Mutant| (it.mutation, it.apply.join("; "));
    mutants.into_iter().map(shown).collect()
}

fn names(given: &Given<'_>) -> Vec<String> {
    mutations(given).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn each_part_of_a_policy_has_its_mistake() {
    let both = format!(
        "{{BOOLEXPR :boolop and :args ({EQUAL} {{BOOLEXPR :boolop not :args ({EQUAL}) :location 1}}) :location 1}}"
    );
    let given = Given {
        command: "r",
        roles: "client",
        using: Some(("((a = b) AND (NOT (c = d)))", &both)),
        ..OWN
    };
    let all = mutations(&given);
    let applied: Vec<_> = all
        .iter()
        .map(|(name, apply)| (&**name, &**apply))
        .collect();
    let alter = |using: &str| format!("alter policy \"p\" on app.note using ({using})");
    let another = |terms: &str| {
        format!(
            "drop policy \"p\" on app.note; create policy \"p\" on app.note as {terms} to client using (((a = b) AND (NOT (c = d))))"
        )
    };
    assert_eq!(
        applied,
        [
            ("dropped", "drop policy \"p\" on app.note"),
            ("using: true", &*alter("true")),
            ("using: AND without (a = b)", &*alter("(NOT (c = d))")),
            ("using: AND without (NOT (c = d))", &*alter("(a = b)")),
            (
                "using: = made is not distinct from: (a = b)",
                &*alter("((a IS NOT DISTINCT FROM b) AND (NOT (c = d)))")
            ),
            (
                "using: = turned into <>: (a = b)",
                &*alter("((a <> b) AND (NOT (c = d)))")
            ),
            (
                "using: = made is not distinct from: (c = d)",
                &*alter("((a = b) AND (NOT (c IS NOT DISTINCT FROM d)))")
            ),
            (
                "using: = turned into <>: (c = d)",
                &*alter("((a = b) AND (NOT (c <> d)))")
            ),
            (
                "roles widened to public",
                "alter policy \"p\" on app.note to public"
            ),
            (
                "for select widened to for all",
                &*another("permissive for all")
            ),
            (
                "permissive made restrictive",
                &*another("restrictive for select")
            ),
        ]
    );
}

#[test]
fn what_cannot_change_an_answer_is_no_mutant() {
    // One side is never NULL: the two comparisons answer alike.
    let strict = Given {
        using: Some(("(a = b)", EQUAL)),
        never_null: "[2]",
        ..OWN
    };
    assert!(!names(&strict).iter().any(|name| name.contains("distinct")));
    let open = Given {
        never_null: "[3]",
        ..strict
    };
    assert!(names(&open).iter().any(|name| name.contains("distinct")));
    // A restrictive policy that restricts nothing, and a permissive one that permits nothing.
    let idle = Given {
        permissive: false,
        using: Some(TRUE),
        ..OWN
    };
    assert_eq!(
        names(&idle),
        ["using: false", "restrictive made permissive"]
    );
    let nothing = Given { ..OWN };
    assert_eq!(names(&nothing), [""; 0]);
    // The same check as condition is the same without it.
    let twice = Given {
        using: Some(("(a = b)", EQUAL)),
        check: Some(("(a = b)", EQUAL)),
        ..OWN
    };
    assert!(!names(&twice).contains(&"with check removed".to_owned()));
}

#[test]
fn an_expression_that_is_not_understood_is_changed_as_a_whole() {
    let given = Given {
        using: Some(("(a ~~~ b)", "{NOVELTY :of 19}")),
        ..OWN
    };
    assert_eq!(
        names(&given),
        [
            "dropped",
            "using: true",
            "using: negated: (a ~~~ b)",
            "permissive made restrictive"
        ]
    );
}
