//! Identities as JSON.

use authguard_policy::Identity;

fn named(name: &str, role: &str, claims: Option<&str>) -> Identity {
    Identity {
        name: name.to_owned(),
        role: role.to_owned(),
        claims: claims.map(str::to_owned),
    }
}

#[test]
fn an_identity_has_a_name_a_role_and_claims() {
    let list = |json| Identity::list(json).unwrap();
    assert_eq!(
        list(r#"[{"name": "ada", "role": "client", "claims": {"sub": "1"}}, {"role": "anon"}]"#),
        [
            named("ada", "client", Some(r#"{"sub":"1"}"#)),
            named("anon", "anon", None)
        ]
    );
    // As in a token, the claims may name the role.
    assert_eq!(
        list(r#"[{"claims": {"role": "client"}, "name": null}]"#),
        [named("client", "client", Some(r#"{"role":"client"}"#))]
    );
    assert_eq!(list("[]"), []);
}

#[test]
fn what_is_no_identity_is_an_error_in_words() {
    for (json, message) in [
        ("", "identities must be an array of objects"),
        ("{}", "identities must be an array of objects"),
        ("[null]", "an identity must be an object"),
        ("[{}]", "an identity must have a role"),
        (r#"[{"role": 1}]"#, "the role of an identity must be a text"),
        (
            r#"[{"role": "a", "name": {}}]"#,
            "the name of an identity must be a text",
        ),
        (
            r#"[{"role": "a", "claims": "x"}]"#,
            "the claims of an identity must be an object",
        ),
        // A slip would try somebody else.
        (
            r#"[{"role": "a", "cliams": {}}]"#,
            r#"an identity has no field "cliams""#,
        ),
        (
            r#"[{"role": "a"}, {"role": "b", "name": "a"}]"#,
            r#"identity "a" is given twice"#,
        ),
    ] {
        let error = Identity::list(json).unwrap_err();
        assert_eq!((&*error.sqlstate, &*error.message), ("22023", message));
    }
}
