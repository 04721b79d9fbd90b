//! What differs between two snapshots.

use authguard_policy::access_diff;
use serde_json::{Value, json};

fn snapshot(facts: Value, access: Value, roles: Value) -> String {
    json!({
        "format": 1,
        "identities": {"ada": {"role": "client", "claims": null}},
        "roles": roles,
        "relations": {"app.note": {"facts": facts, "access": access}},
    })
    .to_string()
}

fn differences(before: &str, after: &str) -> Vec<String> {
    let all = access_diff(before, after).unwrap();
    let shown = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    all.into_iter()
        .map(|it| {
            let place = [shown(it.relation), shown(it.identity), it.command];
            format!(
                "{}: {} => {}",
                place.join(" "),
                shown(it.before),
                shown(it.after)
            )
        })
        .collect()
}

#[test]
fn a_fact_a_role_and_an_answer_differ_each_for_itself() {
    let before = snapshot(
        json!({"owner": "app", "policy p": "using (a)"}),
        json!({"ada": {
            "select": {"allowed": "some", "rows": 1, "digest": "x", "keys": ["1"]},
            "delete": {"allowed": "none", "rows": 0},
        }}),
        json!({"client": {"member of": "none"}}),
    );
    let after = snapshot(
        json!({"owner": "app", "policy p": "using (b)", "policy q": "using (c)"}),
        json!({"ada": {
            "select": {"allowed": "some", "rows": 1, "digest": "y", "keys": ["2"]},
            "delete": {"allowed": "error", "note": "boom (P0001)"},
        }}),
        json!({"client": {"member of": "app"}}),
    );
    assert_eq!(
        differences(&before, &after),
        [
            "- client role: member of: none => app",
            "app.note - policy p: using (a) => using (b)",
            "app.note - policy q: - => using (c)",
            "app.note ada delete: none => error: boom (P0001)",
            "app.note ada select: some, 1 row: 1 => some, 1 row: 2",
        ]
    );
    assert_eq!(differences(&after, &after), [""; 0]);
}

#[test]
fn the_same_number_of_other_rows_differs_by_its_digest() {
    let rows = |digest: &str| {
        let access = json!({"ada": {
            "select": {"allowed": "all", "rows": 90, "digest": digest, "keys": ["1", "2"]},
        }});
        snapshot(json!({}), access, json!({}))
    };
    assert_eq!(
        differences(&rows("x"), &rows("y")),
        ["app.note ada select: all, 90 rows: 1, 2, … (md5 x) => all, 90 rows: 1, 2, … (md5 y)"]
    );
}

#[test]
fn a_new_relation_that_nobody_reaches_differs_by_its_facts_only() {
    let none = json!({"format": 1}).to_string();
    let new = snapshot(
        json!({"kind": "table"}),
        json!({"ada": {"select": {"allowed": "none"}, "delete": {"allowed": "all"}}}),
        json!({}),
    );
    assert_eq!(
        differences(&none, &new),
        [
            r#"- ada identity: - => {"claims":null,"role":"client"}"#,
            "app.note - kind: - => table",
            "app.note ada delete: - => all",
        ]
    );
}

#[test]
fn something_else_is_no_snapshot() {
    for text in ["", "[]", "{}", r#"{"format": 2}"#] {
        let error = access_diff(text, text).unwrap_err();
        assert_eq!(error.sqlstate, "22023");
    }
}
