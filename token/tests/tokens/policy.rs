//! What an issuer's token must say.

use authguard_token::TokenError::{
    Audience, AudienceType, Client, Expired, IssuedInFuture, Issuer, LifetimeTooLong, Missing,
    NotYetValid, Type,
};
use authguard_token::{
    ClaimNames, ClaimProblem, ClaimsError, JsonError, MAX_LEEWAY_SECONDS, Node, Policy, Token,
    TokenError, Verified, own_claims,
};
use serde_json::{Value, json};

use crate::support::{HEADER, MAX, key, signed};

/// Seconds.
const NOW: i64 = 1_700_000_000;

fn policy() -> Policy {
    Policy::new("https://issuer.example", vec!["db".into(), "api".into()])
}

fn claims() -> Value {
    json!({"iss": "https://issuer.example", "aud": "db", "sub": "alice", "exp": NOW + 60})
}

fn judge(header: &str, payload: &str, policy: &Policy) -> Result<Verified, TokenError> {
    let text = signed(header, payload);
    Token::parse(&text, MAX)?.verify(&key(), policy, NOW * 1_000_000)
}

/// The claims with these instead; `"absent"` takes one out.
fn with(members: &Value) -> Value {
    let mut all = claims();
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    all.as_object_mut()
        .unwrap()
        .retain(|_, value| value != "absent");
    all
}

fn check(policy: &Policy, members: Value, expected: Option<TokenError>) {
    let refused = judge(HEADER, &with(&members).to_string(), policy).err();
    assert_eq!(refused, expected, "{members} {policy:?}");
}

#[test]
fn good_claims_come_out_as_they_were_signed() {
    let payload = format!(" {} ", with(&json!({"n": 1.10, "nested": {"a": [1]}})));
    let verified = judge(HEADER, &payload, &policy()).unwrap();
    assert_eq!(verified.json, payload);
    assert_eq!(verified.claims.subject.as_deref(), Some("alice"));
    assert_eq!(verified.claims.expires_at, Some((NOW + 60) * 1_000_000));
    assert_eq!(format!("{verified:?}"), "Verified { .. }");
}

#[test]
fn claims_of_ones_own_are_judged_as_those_of_a_token() {
    let judged = |members: Value| {
        let payload = with(&members).to_string();
        let node = Node::parse(&payload).unwrap();
        let own = own_claims(&node, &policy());
        let token = judge(HEADER, &payload, &policy());
        assert_eq!(own, token.map(|token| token.claims), "{members}");
        own
    };
    let good = judged(json!({})).unwrap();
    assert_eq!(good.subject.as_deref(), Some("alice"));
    assert_eq!(judged(json!({"aud": "others"})), Err(Audience));
    assert_eq!(judged(json!({"exp": "absent"})), Err(Missing("exp")));
    assert!(judged(json!({"app_metadata": 1})).is_err());
    let types = Policy {
        types: vec!["at+jwt".to_owned()],
        ..policy()
    };
    let payload = with(&json!({})).to_string();
    assert_eq!(
        own_claims(&Node::parse(&payload).unwrap(), &types),
        Err(TokenError::Type)
    );
    // Apart from the moment: the lifetime counts, and every other rule, whatever the times.
    let hour = Policy {
        max_lifetime: Some(3600),
        ..policy()
    };
    for (members, expected) in [
        (json!({"exp": NOW - 1, "iat": NOW - 2}), None),
        (
            json!({"exp": NOW + 3600, "iat": NOW + 60, "nbf": NOW + 60}),
            None,
        ),
        (
            json!({"exp": NOW - 1, "iat": NOW - 3602}),
            Some(LifetimeTooLong),
        ),
        (
            json!({"exp": NOW - 1, "iat": NOW - 2, "aud": "other"}),
            Some(Audience),
        ),
    ] {
        let payload = with(&members).to_string();
        let own = own_claims(&Node::parse(&payload).unwrap(), &hour);
        assert_eq!(own.err(), expected, "{members}");
    }
}

#[test]
fn the_signature_is_judged_before_the_claims() {
    let text = signed(HEADER, "{}").replace(".e30.", ".eyB9.");
    let refused = Token::parse(&text, MAX)
        .unwrap()
        .verify(&key(), &policy(), 0);
    assert_eq!(refused.err(), Some(TokenError::Signature));
}

#[test]
fn a_payload_is_one_strict_object() {
    for (payload, error) in [
        (&b"foo"[..], JsonError::NotAnObject),
        (b"", JsonError::NotAnObject),
        (b"[{}]", JsonError::NotAnObject),
        (b"\"{}\"", JsonError::NotAnObject),
        (b"{}{}", JsonError::Syntax),
        (br#"{"sub":"a","sub":"b"}"#, JsonError::DuplicateKey),
        (br#"{"a":{"b":1,"b":1}}"#, JsonError::DuplicateKey),
        (br#"{"a":18446744073709551617}"#, JsonError::Number),
        (br#"{"a":1e999}"#, JsonError::Number),
        (br#"{"a":"\u0000"}"#, JsonError::Character),
    ] {
        let text = signed(HEADER, payload);
        let refused = Token::parse(&text, MAX).err();
        let expected = TokenError::Claims(ClaimsError::Json(error));
        assert_eq!(refused, Some(expected), "{text}");
    }
    let text = signed(HEADER, b"{\"a\":\"\xff\"}");
    assert_eq!(
        Token::parse(&text, MAX).err(),
        Some(TokenError::PayloadNotText)
    );
}

#[test]
fn the_issuer_is_exact() {
    for (issuer, expected) in [
        (json!("https://issuer.example"), None),
        (json!("https://issuer.example/"), Some(Issuer)),
        (json!("https://ISSUER.example"), Some(Issuer)),
        (json!("https://other.example"), Some(Issuer)),
        (json!("absent"), Some(Missing("iss"))),
        (json!(null), Some(Missing("iss"))),
    ] {
        check(&policy(), json!({"iss": issuer}), expected);
    }
}

#[test]
fn the_audience_is_a_string_or_strings_and_names_us() {
    for (audience, expected) in [
        (json!("db"), None),
        (json!("api"), None),
        (json!(["other", "api"]), None),
        (json!("DB"), Some(Audience)),
        (json!("db "), Some(Audience)),
        (json!("other"), Some(Audience)),
        (json!(""), Some(Audience)),
        (json!([]), Some(Audience)),
        (json!(["other"]), Some(Audience)),
        (json!("absent"), Some(Missing("aud"))),
        (json!(null), Some(Missing("aud"))),
        (json!(1), Some(AudienceType)),
        (json!(true), Some(AudienceType)),
        (json!({"db": "db"}), Some(AudienceType)),
        (json!(["db", 1]), Some(AudienceType)),
        (json!(["db", null]), Some(AudienceType)),
        (json!([["db"]]), Some(AudienceType)),
    ] {
        check(&policy(), json!({"aud": audience}), expected);
    }
    let nobody = Policy {
        audience: vec![],
        ..policy()
    };
    check(&nobody, json!({}), Some(Audience));
}

#[test]
fn a_subject_is_required() {
    check(&policy(), json!({"sub": "absent"}), Some(Missing("sub")));
    check(&policy(), json!({"sub": null}), Some(Missing("sub")));
    for (name, value, problem) in [
        ("sub", json!(7), ClaimProblem::NotText),
        ("sub", json!(""), ClaimProblem::Empty),
        (
            "iss",
            json!(["https://issuer.example"]),
            ClaimProblem::NotText,
        ),
        ("exp", json!("1700000060"), ClaimProblem::NotNumber),
        ("exp", json!(true), ClaimProblem::NotNumber),
        ("nbf", json!("0"), ClaimProblem::NotNumber),
        ("iat", json!([]), ClaimProblem::NotNumber),
        ("auth_time", json!("0"), ClaimProblem::NotNumber),
    ] {
        let refused = ClaimsError::Claim { name, problem };
        check(
            &policy(),
            json!({name: value}),
            Some(TokenError::Claims(refused)),
        );
    }
}

#[test]
fn verified_claims_are_read_by_the_names_of_the_issuer() {
    let names = |text| ClaimNames::new(None, Some(text)).unwrap();
    let named = Policy {
        names: names(r#"{"session": "/s/id", "role": "/db/role", "authenticated_at": "at"}"#),
        ..policy()
    };
    let claims = json!({
        "iss": "https://issuer.example", "aud": "api", "sub": "alice", "exp": NOW + 60, "iat": NOW,
        "sid": "other", "s": {"id": "mine"}, "role": "postgres", "db": {"role": "member"}, "at": NOW,
    });
    let by =
        |policy: &Policy| own_claims(&Node::parse(&claims.to_string()).unwrap(), policy).unwrap();
    let (usual, read) = (by(&policy()), by(&named));
    assert_eq!(usual.session.as_deref(), Some("other"));
    assert_eq!(usual.role.as_deref(), Some("postgres"));
    assert_eq!(read.session.as_deref(), Some("mine"));
    assert_eq!(read.role.as_deref(), Some("member"));
    assert_eq!(read.authenticated_at, Some(NOW * 1_000_000));
    assert!(read.names == named.names && usual.names.is_none());
}

#[test]
fn times_are_honoured_to_the_second_and_with_leeway() {
    let strict = policy();
    let lenient = Policy {
        leeway: 30,
        ..policy()
    };
    for (policy, leeway) in [(&strict, 0), (&lenient, 30)] {
        for (members, expected) in [
            (json!({"exp": NOW - leeway + 1}), None),
            (json!({"exp": NOW - leeway}), Some(Expired)),
            (json!({"exp": NOW - leeway - 1}), Some(Expired)),
            (json!({"nbf": NOW + leeway}), None),
            (json!({"nbf": NOW + leeway + 1}), Some(NotYetValid)),
            (json!({"iat": NOW + leeway}), None),
            (json!({"iat": NOW + leeway + 1}), Some(IssuedInFuture)),
        ] {
            check(policy, members, expected);
        }
    }
    for (members, expected) in [
        (json!({"exp": "absent"}), Some(Missing("exp"))),
        (json!({"exp": null}), Some(Missing("exp"))),
        (json!({"exp": 0}), Some(Expired)),
        (json!({"exp": -1}), Some(Expired)),
        (json!({"exp": i64::MIN}), Some(Expired)),
        (json!({"exp": NOW as f64 + 0.5}), None),
        (json!({"exp": u64::MAX}), None),
        (json!({"exp": 1e300}), None),
        (json!({"nbf": null, "iat": null}), None),
        (json!({"nbf": 1e300}), Some(NotYetValid)),
        (json!({"nbf": i64::MIN, "iat": i64::MIN}), None),
        (json!({"iat": u64::MAX}), Some(IssuedInFuture)),
    ] {
        check(&strict, members, expected);
    }
}

#[test]
fn leeway_has_bounds() {
    let generous = Policy {
        leeway: i64::MAX,
        ..policy()
    };
    check(
        &generous,
        json!({"exp": NOW - MAX_LEEWAY_SECONDS + 1}),
        None,
    );
    check(
        &generous,
        json!({"exp": NOW - MAX_LEEWAY_SECONDS}),
        Some(Expired),
    );
    let negative = Policy {
        leeway: -60,
        ..policy()
    };
    check(&negative, json!({"exp": NOW + 1}), None);
}

#[test]
fn a_lifetime_may_be_bounded() {
    let hour = Policy {
        max_lifetime: Some(3600),
        ..policy()
    };
    for (members, expected) in [
        (json!({"iat": NOW - 10, "exp": NOW + 3590}), None),
        (
            json!({"iat": NOW - 10, "exp": NOW + 3591}),
            Some(LifetimeTooLong),
        ),
        (
            json!({"iat": i64::MIN, "exp": u64::MAX}),
            Some(LifetimeTooLong),
        ),
        // How long it lives cannot be known.
        (json!({"exp": NOW + 1}), Some(Missing("iat"))),
        (json!({"iat": null, "exp": NOW + 1}), Some(Missing("iat"))),
    ] {
        check(&hour, members, expected);
    }
    check(&policy(), json!({"iat": 0, "exp": NOW * 2}), None);
}

#[test]
fn times_can_be_judged_again_later() {
    let policy = Policy {
        leeway: 30,
        ..policy()
    };
    let claims = judge(HEADER, &claims().to_string(), &policy)
        .unwrap()
        .claims;
    let end = (NOW + 60 + 30) * 1_000_000;
    assert_eq!(policy.check_times(&claims, end - 1), Ok(()));
    assert_eq!(policy.check_times(&claims, end), Err(Expired));
    assert_eq!(policy.check_times(&claims, i64::MAX), Err(Expired));
    assert_eq!(policy.check_times(&claims, i64::MIN), Ok(()));
}

#[test]
fn the_type_is_one_of_the_issuers() {
    let only = |types: &[&str]| Policy {
        types: types.iter().map(|one| (*one).to_owned()).collect(),
        ..policy()
    };
    let payload = claims().to_string();
    for (kind, policy, expected) in [
        ("JWT", policy(), None),
        ("jwt", policy(), None),
        ("at+jwt", policy(), None),
        ("AT+JWT", policy(), None),
        ("application/at+jwt", policy(), None),
        ("Application/JWT", policy(), None),
        ("", policy(), Some(Type)),
        ("JWT ", policy(), Some(Type)),
        ("secevent+jwt", policy(), Some(Type)),
        ("application/application/jwt", policy(), Some(Type)),
        ("logout+jwt", policy(), Some(Type)),
        ("JWT", only(&["at+jwt"]), Some(Type)),
        ("at+jwt", only(&["application/at+jwt"]), None),
        ("JWT", only(&[]), Some(Type)),
    ] {
        let header = json!({"alg": "HS256", "typ": kind}).to_string();
        let refused = judge(&header, &payload, &policy).err();
        assert_eq!(refused, expected, "{kind} {:?}", policy.types);
    }
    assert!(judge(HEADER, &payload, &policy()).is_ok());
}

#[test]
fn the_same_claims_are_believed_of_the_gateway_and_of_a_token() {
    let payload =
        with(&json!({"aud": ["x", "db"], "role": "authenticated", "jti": "1"})).to_string();
    let of_gateway = authguard_token::Claims::parse(&payload).unwrap();
    let of_token = judge(HEADER, &payload, &policy()).unwrap().claims;
    assert!(of_gateway == of_token);
}

#[test]
fn a_token_that_has_expired_and_breaks_another_rule_is_refused_for_the_other_rule() {
    let hour = Policy {
        max_lifetime: Some(3600),
        ..policy()
    };
    for (members, expected) in [
        (json!({}), Expired),
        (json!({"aud": "others"}), Audience),
        (json!({"iss": "https://other.example"}), Issuer),
        (json!({"sub": null}), Missing("sub")),
        (json!({"nbf": NOW + 1}), NotYetValid),
        (json!({"iat": NOW + 1}), IssuedInFuture),
        (json!({"iat": NOW - 7200}), LifetimeTooLong),
    ] {
        let mut all = json!({"exp": NOW - 1, "iat": NOW - 10});
        for (name, value) in members.as_object().unwrap() {
            all[name] = value.clone();
        }
        check(&hour, all, Some(expected));
    }
    let expired = with(&json!({"exp": NOW - 1})).to_string();
    let forged = signed(HEADER, &expired).replace(".eyJ", ".eyAJ");
    let refused = Token::parse(&forged, MAX).and_then(|it| it.verify(&key(), &policy(), NOW));
    assert_ne!(refused.err(), Some(Expired));
}

/// The rules for tokens of these clients, with or without an audience.
fn of_clients(audience: &[&str], client_ids: &[&str]) -> Policy {
    let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    Policy {
        audience: owned(audience),
        client_ids: owned(client_ids),
        ..policy()
    }
}

#[test]
fn a_token_without_a_matching_audience_needs_a_client_that_is_listed() {
    let either = of_clients(&["db"], &["web", "app"]);
    let clients = of_clients(&[], &["web", "app"]);
    for (members, of_either, of_clients) in [
        (json!({"aud": "db"}), None, Some(Client)),
        (json!({"aud": "db", "azp": "other"}), None, Some(Client)),
        (json!({"aud": "absent"}), Some(Client), Some(Client)),
        (json!({"aud": "absent", "client_id": "web"}), None, None),
        (json!({"aud": "absent", "azp": "app"}), None, None),
        (json!({"aud": null, "azp": "app"}), None, None),
        (json!({"aud": "account", "azp": "app"}), None, None),
        (
            json!({"aud": ["x", "y"], "client_id": "other", "azp": "app"}),
            None,
            None,
        ),
        (
            json!({"aud": "absent", "azp": "APP"}),
            Some(Client),
            Some(Client),
        ),
        (
            json!({"aud": "absent", "azp": "web,app"}),
            Some(Client),
            Some(Client),
        ),
        (
            json!({"aud": "absent", "azp": ["app"]}),
            Some(Client),
            Some(Client),
        ),
        (
            json!({"aud": "absent", "client_id": null}),
            Some(Client),
            Some(Client),
        ),
        (
            json!({"aud": "absent", "clientId": "web"}),
            Some(Client),
            Some(Client),
        ),
        // The name of a client is no audience, and that of an audience no client.
        (json!({"aud": "web"}), Some(Client), Some(Client)),
        (
            json!({"aud": "absent", "azp": "db"}),
            Some(Client),
            Some(Client),
        ),
        // An audience of the wrong type is refused whatever the client.
        (
            json!({"aud": 1, "azp": "app"}),
            Some(AudienceType),
            Some(AudienceType),
        ),
        (
            json!({"aud": ["db", 1], "azp": "app"}),
            Some(AudienceType),
            Some(AudienceType),
        ),
    ] {
        check(&either, members.clone(), of_either);
        check(&clients, members, of_clients);
    }
    check(&of_clients(&[], &[]), json!({"azp": ""}), Some(Audience));
    check(
        &policy(),
        json!({"aud": "absent", "azp": "app"}),
        Some(Missing("aud")),
    );
}

#[test]
fn a_client_counts_where_the_names_of_its_issuer_say_that_it_is() {
    let by = |preset: &str| Policy {
        names: ClaimNames::new(Some(preset), None).unwrap(),
        ..of_clients(&["db"], &["app"])
    };
    let appid = json!({"aud": "00000003-0000-0000-c000-000000000000", "appid": "app"});
    for (preset, members, expected) in [
        ("okta", json!({"aud": "https://api", "cid": "app"}), None),
        (
            "okta",
            json!({"aud": "https://api", "cid": "App"}),
            Some(Client),
        ),
        (
            "okta",
            json!({"aud": "https://api", "cid": ["app"]}),
            Some(Client),
        ),
        ("okta", json!({"aud": "db", "cid": "other"}), None),
        ("entra", appid.clone(), None),
        ("keycloak", json!({"aud": "absent", "azp": "app"}), None),
        // Without a name for it, it is none.
        ("", json!({"aud": "absent", "cid": "app"}), Some(Client)),
        ("auth0", appid, Some(Client)),
        // These two count whatever the names.
        ("clerk", json!({"aud": "absent", "azp": "app"}), None),
        ("okta", json!({"aud": "absent", "client_id": "app"}), None),
        // An ID token names its client in aud, which is judged as an audience.
        ("cognito", json!({"aud": "app"}), Some(Client)),
    ] {
        check(&by(preset), members, expected);
    }
}

#[test]
fn tokens_of_known_providers_pass_as_the_page_on_tokens_says() {
    let times = json!({"iat": NOW - 10, "exp": NOW + 3600});
    let shape = |members: Value| {
        let mut all = members;
        for (name, value) in times.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.to_string()
    };
    let cognito = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI";
    let cognito_access = shape(json!({
        "sub": "a0000000-0000-4000-8000-00000000000a", "iss": cognito, "version": 2,
        "client_id": "57cbishk4j24pabc1234567890", "origin_jti": "o", "event_id": "e",
        "token_use": "access", "scope": "openid email", "auth_time": NOW - 10, "jti": "j",
        "username": "ada", "cognito:groups": ["editors"],
    }));
    let cognito_id = shape(json!({
        "sub": "a0000000-0000-4000-8000-00000000000a", "iss": cognito, "token_use": "id",
        "aud": "57cbishk4j24pabc1234567890", "email_verified": true, "auth_time": NOW - 10,
        "cognito:username": "ada", "email": "ada@example.com",
    }));
    let clerk = shape(json!({
        "azp": "https://app.example.com", "iss": "https://clerk.example.com", "nbf": NOW - 20,
        "sub": "user_2NNEqL2nrIRdJ194ndJqAHwEfxC", "sid": "sess_2", "sts": "active", "v": 2,
        "fva": [0, -1], "jti": "j",
    }));
    let workos = shape(json!({
        "iss": "https://api.workos.com/user_management/client_01HZ", "sub": "user_01HX",
        "client_id": "client_01HZ", "sid": "session_01HQ", "org_id": "org_01HR", "jti": "j",
        "role": "member", "permissions": ["posts:read"],
    }));
    let keycloak = shape(json!({
        "iss": "https://sso.example.com/realms/main", "aud": "account", "typ": "Bearer",
        "azp": "my-app", "sub": "b0000000-0000-4000-8000-00000000000b", "sid": "s", "acr": "1",
        "realm_access": {"roles": ["offline_access"]}, "scope": "openid email", "jti": "trrtcc:j",
    }));
    let auth0 = shape(json!({
        "iss": "https://tenant.eu.auth0.com/", "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
        "aud": ["https://api.example.com", "https://tenant.eu.auth0.com/userinfo"],
        "azp": "my_client_id", "scope": "openid profile", "gty": "password",
    }));
    let judged = |payload: &str, audience: &[&str], client_ids: &[&str]| {
        let issuer = serde_json::from_str::<Value>(payload).unwrap()["iss"].clone();
        let policy = Policy {
            issuer: issuer.as_str().unwrap().to_owned(),
            ..of_clients(audience, client_ids)
        };
        judge(HEADER, payload, &policy).err()
    };
    for (payload, audience, client_ids) in [
        (
            &cognito_access,
            &[][..],
            &["57cbishk4j24pabc1234567890"][..],
        ),
        (&clerk, &[], &["https://app.example.com"]),
        (&workos, &[], &["client_01HZ"]),
        (&keycloak, &[], &["my-app"]),
        (&keycloak, &["account"], &[]),
        (&auth0, &["https://api.example.com"], &[]),
    ] {
        assert_eq!(judged(payload, audience, client_ids), None, "{payload}");
        // Of another client, for another audience.
        assert!(judged(payload, &["other"], &[]).is_some(), "{payload}");
        assert_eq!(judged(payload, &[], &["other"]), Some(Client), "{payload}");
    }
    // The ID token of the same client is for the client, not for this database.
    let refused = judged(&cognito_id, &[], &["57cbishk4j24pabc1234567890"]);
    assert_eq!(refused, Some(Client));
}
