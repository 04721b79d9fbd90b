//! The clauses of a policy: its tree and its text split alike.

use authguard_policy::{Clause, Expr, Parts};
use proptest::prelude::*;

fn leaf() -> Expr {
    Expr::CaseTest
}

fn leaves(count: usize) -> Vec<Expr> {
    vec![leaf(); count]
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

fn texts<'a>(expr: &'a Expr, sql: &'a str) -> Vec<&'a str> {
    let clause = Clause::of(expr, sql);
    clause.leaves().iter().map(|leaf| leaf.sql).collect()
}

#[test]
fn a_policy_is_split_at_and_or_and_not() {
    let sql = "((owner = auth.uid()) OR (public AND (NOT (hidden IS TRUE)) AND (n > 1)))";
    let expr = Expr::Or(vec![leaf(), Expr::And(vec![leaf(), not(leaf()), leaf()])]);
    let clause = Clause::of(&expr, sql);
    assert_eq!(
        (clause.sql, &clause.range, clause.expr),
        (sql, &(0..sql.len()), &expr)
    );
    let Parts::Any(branches) = &clause.parts else {
        panic!("{clause:?}");
    };
    let [owner, shared] = &branches[..] else {
        panic!("{branches:?}");
    };
    assert_eq!(
        (owner.sql, &owner.parts),
        ("(owner = auth.uid())", &Parts::Leaf)
    );
    let Parts::All(conditions) = &shared.parts else {
        panic!("{shared:?}");
    };
    let [public, shown, many] = &conditions[..] else {
        panic!("{conditions:?}");
    };
    assert_eq!((public.sql, many.sql), ("public", "(n > 1)"));
    let Parts::Not(hidden) = &shown.parts else {
        panic!("{shown:?}");
    };
    assert_eq!(shown.sql, "(NOT (hidden IS TRUE))");
    assert_eq!(hidden.sql, "(hidden IS TRUE)");
    assert_eq!(
        hidden.range,
        sql.find("(hidden").unwrap()..sql.find(") AND (n").unwrap()
    );
    let found: Vec<_> = clause.leaves().iter().map(|leaf| leaf.sql).collect();
    assert_eq!(found, [owner.sql, "public", hidden.sql, many.sql]);
}

#[test]
fn words_in_literals_names_and_brackets_split_nothing() {
    for part in [
        "(name = 'this AND that'::text)",
        "(name = ') AND ('::text)",
        "(name = 'it''s AND that''s'::text)",
        r"(name = '\'::text)",
        r"(name = E'\' AND \\'::text)",
        "(name = $$a ' AND (b$$)",
        "(name = $q$a $$ AND (b$q$)",
        "(\"a AND (b\" IS NULL)",
        "\"\"\" AND \"",
        "(a = ANY (ARRAY['x AND y'::text, 'OR'::text]))",
        "(tags[(1 + 1)] = 'x'::text)",
        "CASE WHEN (a AND b) THEN c ELSE (NOT d) END",
        "(EXISTS ( SELECT 1 FROM m WHERE ((m.a = 1) AND (m.b = 2))))",
        "(a <@ '[1,2)'::int4range)",
        "brand",
        "android_or_and",
        "e",
        "\u{e9}and",
        "a$and",
        "(NOT x)",
        "((a <> ')'::text) OR b)",
    ] {
        let expr = Expr::And(leaves(3));
        let sql = format!("({part} AND {part} AND x)");
        assert_eq!(texts(&expr, &sql), [part, part, "x"]);
        let expr = not(leaf());
        assert_eq!(texts(&expr, &format!("(NOT {part})")), [part]);
    }
}

#[test]
fn between_is_two_comparisons() {
    let between = Expr::And(leaves(2));
    let sql = "((n >= 1) AND (n <= 3))";
    assert_eq!(texts(&between, sql), ["(n >= 1)", "(n <= 3)"]);
    let symmetric = Expr::Or(vec![between.clone(), between]);
    let sql = "(((n >= 1) AND (n <= 3)) OR ((n >= 3) AND (n <= 1)))";
    assert_eq!(
        texts(&symmetric, sql),
        ["(n >= 1)", "(n <= 3)", "(n >= 3)", "(n <= 1)"]
    );
}

#[test]
fn a_text_that_does_not_agree_with_the_tree_stays_whole() {
    let both = || Expr::And(leaves(2));
    for (expr, sql) in [
        (leaf(), "(a AND b)"),
        (both(), ""),
        (both(), "a AND b"),
        (both(), "(a) AND (b)"),
        (both(), "(a AND b"),
        (both(), "((a AND b)"),
        (both(), "(a AND b AND c)"),
        (both(), "(a OR b)"),
        (both(), "(a AND b OR c)"),
        (both(), "(n BETWEEN 1 AND 2)"),
        (both(), "(a AND )"),
        (both(), "( AND b)"),
        (both(), "(a AND 'b)"),
        (both(), "(a AND \"b)"),
        (both(), "(a AND $x$b)"),
        (both(), "((a AND b))"),
        (not(leaf()), "NOT a"),
        (not(leaf()), "(NOT a AND b)"),
        (not(leaf()), "(a IS NOT NULL)"),
        (not(leaf()), "(NOT )"),
        (not(leaf()), "(NOT)"),
        (not(leaf()), "((NOT a))"),
    ] {
        let clause = Clause::of(&expr, sql);
        assert_eq!((&clause.parts, clause.sql), (&Parts::Leaf, sql), "{sql}");
    }
    // Only the part that does not agree.
    let expr = Expr::Or(vec![both(), both()]);
    assert_eq!(
        texts(&expr, "((a AND b AND c) OR (d AND e))"),
        ["(a AND b AND c)", "d", "e"]
    );
    // Spaces around it belong to nothing.
    assert_eq!(texts(&both(), " (a  AND\n( b ) ) "), ["a", "( b )"]);
}

/// A tree with the text that Postgres writes for it.
fn written() -> impl Strategy<Value = (Expr, String)> {
    let texts = prop::sample::select(vec![
        "a",
        "(a = ' AND '::text)",
        "(a = '(''OR'::text)",
        "\"NOT (\"",
        "f('\\'::text, \u{e9})",
        "CASE WHEN (a OR b) THEN true ELSE false END",
        "(EXISTS ( SELECT 1 WHERE (a AND b)))",
    ]);
    let leaf = texts.prop_map(|sql| (leaf(), sql.to_owned()));
    leaf.prop_recursive(6, 40, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..5);
        let joined = (several, any::<bool>()).prop_map(|(parts, all)| {
            let (exprs, texts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            match all {
                true => (Expr::And(exprs), format!("({})", texts.join(" AND "))),
                false => (Expr::Or(exprs), format!("({})", texts.join(" OR "))),
            }
        });
        let negated = inner.prop_map(|(expr, sql)| (not(expr), format!("(NOT {sql})")));
        prop_oneof![joined, negated]
    })
}

/// The text that a clause has by those of its parts.
fn rewritten(clause: &Clause<'_>) -> String {
    let all = |clauses: &[Clause<'_>]| clauses.iter().map(rewritten).collect::<Vec<_>>();
    match &clause.parts {
        Parts::Leaf => {
            assert_eq!(clause.expr, &leaf(), "{}", clause.sql);
            clause.sql.to_owned()
        }
        Parts::All(clauses) => format!("({})", all(clauses).join(" AND ")),
        Parts::Any(clauses) => format!("({})", all(clauses).join(" OR ")),
        Parts::Not(clause) => format!("(NOT {})", rewritten(clause)),
    }
}

proptest! {
    #[test]
    fn each_text_of_postgres_is_split_as_its_tree((expr, sql) in written()) {
        let clause = Clause::of(&expr, &sql);
        prop_assert_eq!(rewritten(&clause), sql.clone());
        for leaf in clause.leaves() {
            prop_assert_eq!(sql.get(leaf.range.clone()), Some(leaf.sql));
        }
    }

    #[test]
    fn no_text_is_split_beyond_its_tree((expr, _) in written(), sql in "[ ()'\"$\\\\aANDORNOTé]{0,30}") {
        let clause = Clause::of(&expr, &sql);
        for leaf in clause.leaves() {
            prop_assert_eq!(sql.get(leaf.range.clone()), Some(leaf.sql));
        }
    }
}
