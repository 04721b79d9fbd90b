//! The rules for each claim: what is refused, what counts as absent, what it means.

use authguard_token::ClaimProblem::{Empty, NotNumber, NotObject, NotText, TooLong};
use authguard_token::{ClaimProblem, Claims, ClaimsError, JsonError, MAX_IDENTITY_BYTES};
use serde_json::{Value, json};

const UUID: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
const SPELLED: &str = "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}";

fn read(claims: &Value) -> Claims {
    Claims::parse(&claims.to_string()).unwrap()
}

fn refused(name: &'static str, value: Value) -> Option<ClaimProblem> {
    match Claims::parse(&json!({name: value}).to_string()).err()? {
        ClaimsError::Claim {
            name: named,
            problem,
        } if named == name => Some(problem),
        other => panic!("{other}"),
    }
}

/// A value of every type but the given one, and never null.
fn others(than: fn(&Value) -> bool) -> impl Iterator<Item = Value> {
    let all = [
        json!(true),
        json!(false),
        json!(1),
        json!("1"),
        json!([]),
        json!(["1"]),
        json!({"a": 1}),
    ];
    all.into_iter().filter(move |value| !than(value))
}

#[test]
fn a_token_as_supabase_issues_it_is_read() {
    let claims = read(&json!({
        "iss": "https://project.example/auth/v1", "sub": UUID, "aud": "authenticated",
        "exp": 1_700_003_600, "iat": 1_700_000_000, "nbf": 1_699_999_990.5,
        "email": "alice@example.com", "phone": "", "role": "authenticated", "aal": "aal1",
        "app_metadata": {"provider": "email", "providers": ["email"]}, "user_metadata": {},
        "amr": [{"method": "password", "timestamp": 1_699_999_000}],
        "session_id": "b1ffbc99-9c0b-4ef8-bb6d-6bb9bd380a22", "jti": "t-1",
        "is_anonymous": false, "scope": "read write",
    }));
    let expected = Claims {
        issuer: Some("https://project.example/auth/v1".into()),
        subject: Some(UUID.into()),
        raw_subject: Some(UUID.into()),
        uid: Some(0xa0eebc99_9c0b_4ef8_bb6d_6bb9bd380a11_u128.to_be_bytes()),
        session: Some("b1ffbc99-9c0b-4ef8-bb6d-6bb9bd380a22".into()),
        session_id: Some(0xb1ffbc99_9c0b_4ef8_bb6d_6bb9bd380a22_u128.to_be_bytes()),
        jti: Some("t-1".into()),
        issued_at: Some(1_700_000_000_000_000),
        expires_at: Some(1_700_003_600_000_000),
        not_before: Some(1_699_999_990_500_000),
        authenticated_at: Some(1_699_999_000_000_000),
        role: Some("authenticated".into()),
        role_is_malformed: false,
        email: Some("alice@example.com".into()),
        aal: Some("aal1".into()),
        is_anonymous: Some(false),
        scope: Some("read write".into()),
        ..Claims::default()
    };
    assert!(claims == expected);
}

#[test]
fn null_is_absent_for_every_claim() {
    let text = r#"{"iss":null,"sub":null,"jti":null,"session_id":null,"exp":null,"iat":null,"nbf":null,
        "auth_time":null,"amr":null,"role":null,"email":null,"aal":null,"scope":null,
        "is_anonymous":null,"app_metadata":null}"#;
    assert!(Claims::parse(text) == Ok(Claims::default()));
    assert!(Claims::parse("{}") == Ok(Claims::default()));
}

#[test]
fn an_identity_that_cannot_be_revoked_is_refused() {
    for name in ["sub", "jti", "iss"] {
        for value in others(Value::is_string) {
            assert_eq!(
                refused(name, value.clone()),
                Some(NotText),
                "{name} {value}"
            );
        }
        assert_eq!(refused(name, json!("")), Some(Empty));
        assert_eq!(refused(name, json!("x".repeat(MAX_IDENTITY_BYTES))), None);
        assert_eq!(
            refused(name, json!("x".repeat(MAX_IDENTITY_BYTES + 1))),
            Some(TooLong)
        );
        // Bytes, not characters.
        assert_eq!(
            refused(name, json!("é".repeat(MAX_IDENTITY_BYTES / 2 + 1))),
            Some(TooLong)
        );
        assert_eq!(refused(name, json!(" ")), None);
    }
}

#[test]
fn a_session_is_any_text_and_what_is_none_is_absent() {
    let of = |value: Value| read(&json!({"session_id": value}));
    for value in others(Value::is_string) {
        assert!(of(value) == Claims::default());
    }
    for text in ["", &"x".repeat(MAX_IDENTITY_BYTES + 1)] {
        assert!(of(json!(text)) == Claims::default(), "{text}");
    }
    for text in ["1", "sess_2a", " ", &format!("{UUID} ")] {
        let claims = of(json!(text));
        assert_eq!(claims.session.as_deref(), Some(text));
        assert_eq!(claims.session_key().as_deref(), Some(text));
        assert_eq!(claims.session_id, None);
    }
    let claims = of(json!(SPELLED));
    assert_eq!(claims.session.as_deref(), Some(SPELLED));
    assert_eq!(claims.session_key().as_deref(), Some(UUID));
    assert_eq!(claims.session_id, of(json!(UUID)).session_id);
    assert!(claims.session_id.is_some());
}

#[test]
fn a_wrong_typed_time_is_refused_and_not_taken_as_absent() {
    for name in ["exp", "iat", "nbf", "auth_time"] {
        for value in others(Value::is_number) {
            assert_eq!(
                refused(name, value.clone()),
                Some(NotNumber),
                "{name} {value}"
            );
        }
        for value in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(u64::MAX),
            json!(1e300),
        ] {
            assert_eq!(refused(name, value), None);
        }
    }
    assert_eq!(read(&json!({"exp": 1e300})).expires_at, Some(i64::MAX));
    assert_eq!(read(&json!({"exp": -1e300})).expires_at, Some(i64::MIN));
}

#[test]
fn identities_have_their_canonical_form_and_the_subject_also_its_own() {
    let claims = read(&json!({"sub": SPELLED, "jti": SPELLED, "iss": SPELLED}));
    assert_eq!(claims.subject.as_deref(), Some(UUID));
    assert_eq!(claims.raw_subject.as_deref(), Some(SPELLED));
    assert_eq!(
        claims.uid,
        Some(0xa0eebc99_9c0b_4ef8_bb6d_6bb9bd380a11_u128.to_be_bytes())
    );
    assert_eq!(claims.jti.as_deref(), Some(UUID));
    assert_eq!(
        claims.issuer.as_deref(),
        Some(SPELLED),
        "an issuer stays byte by byte"
    );

    let claims = read(&json!({"sub": "auth0|Alice", "jti": "ABC"}));
    assert_eq!(claims.subject.as_deref(), Some("auth0|Alice"));
    assert_eq!((claims.uid, claims.jti.as_deref()), (None, Some("ABC")));
}

#[test]
fn access_revoked_is_anything_but_plainly_no() {
    let flag = |value: &str| {
        let text = format!("{{\"app_metadata\":{{\"access_revoked\":{value}}}}}");
        Claims::parse(&text).unwrap().access_revoked
    };
    for no in [
        "null",
        "false",
        "\"false\"",
        "0",
        "0.0",
        "-0",
        "-0.0",
        "0e5",
    ] {
        assert!(!flag(no), "{no}");
    }
    for yes in [
        "true",
        "\"true\"",
        "1",
        "-1",
        "0.5",
        "5e-324",
        "\"\"",
        "\"0\"",
        "\"False\"",
        "\"no\"",
        "\" false\"",
        "[]",
        "{}",
        "[false]",
    ] {
        assert!(flag(yes), "{yes}");
    }
    assert!(!read(&json!({"app_metadata": {}})).access_revoked);
    assert!(
        !read(&json!({"access_revoked": true})).access_revoked,
        "only inside app_metadata"
    );
    for value in others(Value::is_object) {
        assert_eq!(refused("app_metadata", value), Some(NotObject));
    }
}

#[test]
fn a_describing_claim_of_the_wrong_type_is_absent() {
    for value in others(Value::is_string) {
        let scope = json!([value]);
        let claims = json!({"role": value, "email": value, "aal": value, "scope": scope});
        let expected = Claims {
            role_is_malformed: true,
            ..Claims::default()
        };
        assert!(read(&claims) == expected, "{claims}");
    }
    assert!(!read(&json!({"role": null})).role_is_malformed);
    for value in others(Value::is_boolean) {
        assert_eq!(read(&json!({"is_anonymous": value})).is_anonymous, None);
    }
    assert_eq!(
        read(&json!({"is_anonymous": true})).is_anonymous,
        Some(true)
    );
}

#[test]
fn the_authentication_is_dated_by_the_newest_method_else_by_auth_time() {
    for (amr, seconds) in [
        (
            json!([{"method": "a", "timestamp": 20}, {"method": "b", "timestamp": 30}, {"timestamp": 10}]),
            30,
        ),
        (
            json!(["pwd", 99, {"timestamp": 30}, {"timestamp": "99"}, {"timestamp": null}, {}]),
            30,
        ),
        (json!(["pwd", "otp"]), 5),
        (json!([]), 5),
        (json!({"timestamp": 99}), 5),
        (json!("pwd"), 5),
        (json!(99), 5),
        (json!(null), 5),
    ] {
        let claims = read(&json!({"amr": amr, "auth_time": 5, "iat": 1000}));
        assert_eq!(claims.authenticated_at, Some(seconds * 1_000_000), "{amr}");
    }
    assert_eq!(
        read(&json!({"amr": ["pwd"], "iat": 1000})).authenticated_at,
        None
    );
}

#[test]
fn a_scope_matches_whole_and_exactly() {
    let claims = read(&json!({"scope": "read  write:all"}));
    for (scope, has) in [
        ("read", true),
        ("write:all", true),
        ("write", false),
        ("Read", false),
        ("rea", false),
        ("", false),
        (" ", false),
        ("read ", false),
        ("read  write:all", false),
    ] {
        assert_eq!(claims.has_scope(scope), has, "{scope:?}");
    }
    for scope in [json!(""), json!(null), json!({"read": 1})] {
        let claims = read(&json!({"scope": scope}));
        assert!(!claims.has_scope("read") && !claims.has_scope(""));
    }
}

#[test]
fn a_text_that_is_no_object_is_refused_as_such() {
    assert_eq!(
        Claims::parse("[]").err(),
        Some(ClaimsError::Json(JsonError::NotAnObject))
    );
    let twice = r#"{"exp":99999999999,"exp":1}"#;
    assert_eq!(
        Claims::parse(twice).err(),
        Some(ClaimsError::Json(JsonError::DuplicateKey))
    );
}

#[test]
fn errors_are_words_and_never_content() {
    let error = Claims::parse(r#"{"exp":"1700000000"}"#).unwrap_err();
    assert_eq!(error.to_string(), "claim \"exp\" is not a number");
    let error = Claims::parse("{").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the claims cannot be read: not valid JSON"
    );
    let claims = read(&json!({"sub": "secret", "email": "secret"}));
    assert_eq!(format!("{claims:?}"), "Claims { .. }");
}

#[test]
fn a_claim_among_many_that_occurs_twice_is_refused() {
    let many: Vec<_> = (0..200).map(|n| format!("\"claim {n}\":0")).collect();
    let object = |keys: &[String]| format!("{{{}}}", keys.join(","));
    assert!(Claims::parse(&object(&many)).is_ok());
    let nested = format!("{{\"a\":{}}}", object(&many));
    assert!(Claims::parse(&nested).is_ok());
    for (first, second) in [(0, 199), (31, 32), (32, 33), (100, 150), (198, 199)] {
        let mut twice = many.clone();
        twice[second].clone_from(&many[first]);
        let refused = Some(ClaimsError::Json(JsonError::DuplicateKey));
        for text in [object(&twice), format!("{{\"a\":[{}]}}", object(&twice))] {
            assert_eq!(Claims::parse(&text).err(), refused, "{first}, {second}");
        }
    }
}

#[test]
fn a_broken_text_is_said_to_be_broken_whatever_its_claims_are() {
    let refused = Claims::parse(r#"{"sub":7,"a":1,"a":1}"#).err();
    assert_eq!(refused, Some(ClaimsError::Json(JsonError::DuplicateKey)));
}

#[test]
fn a_local_session_has_an_id_and_the_local_issuer() {
    let session = r#""session_id": "5e000000-0000-4000-8000-000000000005""#;
    for (claims, is_local) in [
        (format!(r#"{{"iss": "here", {session}}}"#), true),
        (format!(r#"{{"iss": "elsewhere", {session}}}"#), false),
        (format!("{{{session}}}"), false),
        (r#"{"iss": "here"}"#.to_owned(), false),
        // Its row decides, and there is none.
        (r#"{"iss": "here", "session_id": "x"}"#.to_owned(), true),
    ] {
        let read = Claims::parse(&claims).unwrap();
        assert_eq!(read.is_of_local_session("here"), is_local, "{claims}");
    }
}

/// The claims of a gateway, from a text that `jsonb` accepts.
fn loose(text: &str) -> Result<Claims, ClaimsError> {
    Claims::read_jsonb_text(text.as_bytes(), None, |part| {
        std::str::from_utf8(part).ok().map(Into::into)
    })
}

#[test]
fn what_only_describes_a_user_cannot_refuse_his_claims() {
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let many = format!("[{}0]", "0,".repeat(30_000));
    for value in [
        &deep,
        &many,
        "1e400",
        "123456789012345678901234567890",
        "0.1e-400",
        r#"{"a":1,"a":2}"#,
        &"9".repeat(100),
    ] {
        for name in [
            "user_metadata",
            "email",
            "aal",
            "scope",
            "is_anonymous",
            "x",
        ] {
            let text = format!(r#"{{"sub":"a","{name}":{value},"iat":7}}"#);
            let claims = loose(&text).unwrap();
            assert_eq!(claims.subject.as_deref(), Some("a"), "{name}");
            assert_eq!(claims.issued_at, Some(7_000_000), "{name}");
        }
        let text = format!(r#"{{"sub":"a","app_metadata":{{"x":{value},"access_revoked":true}}}}"#);
        assert!(loose(&text).unwrap().access_revoked);
        assert!(
            !loose(&text.replace("true", "false"))
                .unwrap()
                .access_revoked
        );
    }
}

#[test]
fn the_members_that_decide_stay_strict() {
    for name in [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "session_id",
        "sid",
        "client_id",
        "azp",
        "role",
        "auth_time",
        "amr",
    ] {
        for value in [
            "1e400",
            r#"{"a":1,"a":2}"#,
            &format!("{}{}", "[".repeat(17), "]".repeat(17)),
        ] {
            assert!(
                loose(&format!(r#"{{"{name}":{value}}}"#)).is_err(),
                "{name}: {value}"
            );
        }
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        let twice = format!(r#"{{"{name}":null,"x":1,"{escaped}":null}}"#);
        let duplicate = ClaimsError::Json(JsonError::DuplicateKey);
        assert_eq!(loose(&twice).err(), Some(duplicate), "{twice}");
    }
    for wrong in ["[]", "1", "\"{}\"", "true"] {
        assert!(loose(&format!(r#"{{"app_metadata":{wrong}}}"#)).is_err());
    }
    assert!(loose(r#"{"app_metadata":{},"app_metadata":{}}"#).is_err());
}

#[test]
fn of_another_member_that_occurs_twice_the_last_counts() {
    let claims = loose(
        r#"{"email":"a","x":1,"x":2,"email":"b","app_metadata":{"access_revoked":true,"access_revoked":0}}"#,
    );
    let claims = claims.unwrap();
    assert_eq!(claims.email.as_deref(), Some("b"));
    assert!(!claims.access_revoked);
    let claims = loose(r#"{"email":"a","email":1,"scope":"a","scope":null}"#).unwrap();
    assert_eq!(claims.email, None);
    assert!(!claims.has_scope("a"));
}

#[test]
fn an_access_revoked_that_cannot_be_read_is_set() {
    for value in [
        "1e400",
        "123456789012345678901234567890",
        "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]",
    ] {
        let text = format!(r#"{{"app_metadata":{{"access_revoked":{value}}}}}"#);
        assert!(loose(&text).unwrap().access_revoked, "{value}");
    }
}

#[test]
fn scopes_are_a_text_or_an_array_of_any_of_three_claims() {
    let has = |claims: &str| {
        let claims = Claims::parse(claims).unwrap();
        ["read", "write", "all"].map(|scope| claims.has_scope(scope))
    };
    assert_eq!(has(r#"{"scope":"read write"}"#), [true, true, false]);
    assert_eq!(has(r#"{"scope":["read","write"]}"#), [true, true, false]);
    assert_eq!(has(r#"{"scp":"read all"}"#), [true, false, true]);
    assert_eq!(has(r#"{"scp":["write"]}"#), [false, true, false]);
    assert_eq!(has(r#"{"permissions":["all"]}"#), [false, false, true]);
    assert_eq!(has(r#"{"permissions":"all"}"#), [false, false, false]);
    assert_eq!(
        has(r#"{"scope":"read","scp":["write"],"permissions":["all"]}"#),
        [true, true, true]
    );
    // A member of an array is one scope.
    assert_eq!(
        has(r#"{"scope":["read write",1,null,["all"]]}"#),
        [false, false, false]
    );
}

#[test]
fn claims_of_the_future_are_told_and_milliseconds_too() {
    let claims = |iat: &str| Claims::parse(&format!(r#"{{"iat":{iat}}}"#)).unwrap();
    let now = 1_700_000_000_000_000;
    assert!(!claims("1700000030").is_issued_after(now, 30));
    assert!(claims("1700000031").is_issued_after(now, 30));
    assert!(claims("1700000000000").is_issued_after(now, 300));
    assert_eq!(claims("1700000000000").in_milliseconds(), Some("iat"));
    assert_eq!(claims("4102444800").in_milliseconds(), None);
    let exp = Claims::parse(r#"{"iat":1700000000,"exp":1700003600000}"#).unwrap();
    assert_eq!(exp.in_milliseconds(), Some("exp"));
}
