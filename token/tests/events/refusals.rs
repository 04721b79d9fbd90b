//! Each rule for refusing a token with events, and how the one who delivers it learns of it.

use authguard_token::{
    Algorithm, ClaimProblem, ClaimsError, DeliveryError, EventError, EventToken, JsonError, Key,
    Policy, Token, TokenError,
};
use serde_json::{Value, json};

use crate::support::{
    BACKCHANNEL, CAEP, ISSUER, LOGOUT, NOW, RISC, SECEVENT, SECRET, event, key, policy, sign,
    verify,
};

/// A good logout token, with changes.
fn logout(changes: Value) -> Value {
    let mut all = json!({"sub": "alice"});
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    event(BACKCHANNEL, json!({}), all)
}

fn refused(typ: &str, payload: &Value) -> EventError {
    verify(typ, payload).unwrap_err()
}

fn malformed(name: &'static str, problem: ClaimProblem) -> EventError {
    EventError::Token(TokenError::Claims(ClaimsError::Claim { name, problem }))
}

#[test]
fn only_two_types_are_events() {
    for typ in [
        "logout+jwt",
        "secevent+jwt",
        "LOGOUT+JWT",
        "application/logout+jwt",
        "Application/SecEvent+JWT",
    ] {
        assert!(verify(typ, &logout(json!({}))).is_ok(), "{typ}");
    }
    for typ in [
        "JWT",
        "at+jwt",
        "",
        "logout",
        "logout+jwt ",
        "text/logout+jwt",
        "secevent",
        "id_token+jwt",
    ] {
        assert_eq!(refused(typ, &logout(json!({}))), EventError::Type, "{typ}");
    }
    let untyped = sign(&json!({"alg": "HS256"}), &logout(json!({})));
    assert_eq!(
        EventToken::parse(&untyped, 8192).unwrap_err(),
        EventError::Type
    );
}

/// Whatever types the issuer's access tokens may have.
#[test]
fn an_event_is_no_access_token() {
    let mut rules = Policy::new(ISSUER, vec!["app".to_owned()]);
    for typ in [LOGOUT, SECEVENT, "application/logout+jwt"] {
        rules.types.push(typ.to_owned());
    }
    let read = |typ: &str, payload: &Value| {
        let token = sign(&json!({"alg": "HS256", "typ": typ}), payload);
        Token::parse(&token, 8192)?.verify(&key(), &rules, NOW)
    };
    let claims = json!({
        "iss": ISSUER, "aud": "app", "sub": "alice", "iat": 1_700_000_000, "exp": 1_700_003_600
    });
    assert!(read("JWT", &claims).is_ok());
    for typ in [LOGOUT, SECEVENT, "LOGOUT+jwt", "application/secevent+jwt"] {
        assert_eq!(read(typ, &claims).err(), Some(TokenError::Type), "{typ}");
    }
    // A logout token of a provider that gives it no type of its own.
    let untyped = logout(json!({"exp": 1_700_003_600}));
    assert_eq!(read("JWT", &untyped).err(), Some(TokenError::Events));
    // A claim of the application that only has the name.
    for events in [json!(["a"]), json!({}), json!({"a": {}}), json!({"a:b": 1})] {
        let mut claims = claims.clone();
        claims["events"] = events;
        assert!(read("JWT", &claims).is_ok(), "{claims}");
    }
}

#[test]
fn an_access_token_is_no_event() {
    let claims = json!({
        "iss": ISSUER, "aud": "app", "sub": "alice", "iat": 1_700_000_000, "exp": 1_700_003_600,
        "jti": "t-1"
    });
    for typ in ["JWT", "at+jwt"] {
        assert_eq!(refused(typ, &claims), EventError::Type);
        assert_eq!(refused(typ, &logout(json!({}))), EventError::Type);
    }
    // Not even if the issuer can be made to write the type.
    assert_eq!(refused(LOGOUT, &claims), EventError::Events);
}

#[test]
fn a_nonce_is_refused_whatever_it_is() {
    for nonce in [json!("n"), json!(null), json!(""), json!(1)] {
        let payload = logout(json!({"nonce": nonce}));
        assert_eq!(refused(LOGOUT, &payload), EventError::Nonce);
        assert_eq!(refused(SECEVENT, &payload), EventError::Nonce);
    }
}

#[test]
fn events_is_an_object_of_objects() {
    for events in [
        json!("absent"),
        json!(null),
        json!({}),
        json!([]),
        json!([{"a:b": {}}]),
        json!({BACKCHANNEL: null}),
        json!({BACKCHANNEL: "{}"}),
        json!({BACKCHANNEL: []}),
        json!({BACKCHANNEL: {}, "a:b": true}),
    ] {
        let payload = logout(json!({"events": events}));
        assert_eq!(refused(SECEVENT, &payload), EventError::Events, "{events}");
    }
}

#[test]
fn a_logout_token_announces_a_logout() {
    let disabled = format!("{RISC}account-disabled");
    let payload = logout(json!({"events": {disabled: {}}}));
    assert_eq!(refused(LOGOUT, &payload), EventError::NoLogout);
    assert!(verify(SECEVENT, &payload).is_ok());
}

#[test]
fn an_event_names_its_subject() {
    for (typ, name) in [
        (LOGOUT, BACKCHANNEL.to_owned()),
        (SECEVENT, BACKCHANNEL.to_owned()),
        (SECEVENT, format!("{CAEP}session-revoked")),
    ] {
        let payload = event(&name, json!({}), json!({}));
        assert_eq!(refused(typ, &payload), EventError::NoSubject, "{name}");
    }
    // A logout token has no subject identifier.
    let subject = json!({"format": "iss_sub", "iss": ISSUER, "sub": "alice"});
    let payload = event(BACKCHANNEL, json!({}), json!({"sub_id": subject}));
    assert_eq!(refused(LOGOUT, &payload), EventError::NoSubject);
    assert!(verify(SECEVENT, &payload).is_ok());
}

#[test]
fn identities_are_texts_of_1_to_1024_bytes() {
    let longest = "x".repeat(1024);
    let too_long = "x".repeat(1025);
    for name in ["iss", "sub", "sid", "jti"] {
        let claim = |value: Value| logout(json!({name: value}));
        for (value, problem) in [
            (json!(1), ClaimProblem::NotText),
            (json!(["a"]), ClaimProblem::NotText),
            (json!(""), ClaimProblem::Empty),
            (json!(too_long), ClaimProblem::TooLong),
        ] {
            let expected = malformed(name, problem);
            assert_eq!(refused(LOGOUT, &claim(value)), expected, "{name}");
        }
        if name != "iss" {
            assert!(verify(LOGOUT, &claim(json!(longest))).is_ok(), "{name}");
        }
    }
    for name in ["jti", "iat", "iss"] {
        let missing = EventError::Token(TokenError::Missing(name));
        for value in [json!("absent"), json!(null)] {
            let payload = logout(json!({name: value}));
            assert_eq!(refused(LOGOUT, &payload), missing, "{name}");
        }
    }
}

#[test]
fn times_are_numbers() {
    for name in ["iat", "exp", "nbf", "toe"] {
        let payload = logout(json!({name: "1700000000"}));
        assert_eq!(
            refused(LOGOUT, &payload),
            malformed(name, ClaimProblem::NotNumber)
        );
    }
    let name = format!("{CAEP}session-revoked");
    let payload = event(
        &name,
        json!({"event_timestamp": "1"}),
        json!({"sub": "alice"}),
    );
    assert_eq!(
        refused(SECEVENT, &payload),
        malformed("event_timestamp", ClaimProblem::NotNumber)
    );
}

#[test]
fn the_audience_is_one_of_those_that_are_wanted() {
    for (audience, expected) in [
        (json!("absent"), TokenError::Missing("aud")),
        (json!(null), TokenError::Missing("aud")),
        (json!([]), TokenError::Audience),
        (json!("App"), TokenError::Audience),
        (json!(["other", "application"]), TokenError::Audience),
        (json!(1), TokenError::AudienceType),
        (json!(["app", 1]), TokenError::AudienceType),
    ] {
        let error = refused(LOGOUT, &logout(json!({"aud": audience})));
        assert_eq!(error, EventError::Token(expected), "{audience}");
        assert_eq!(error.delivery_error(), DeliveryError::InvalidAudience);
    }
    assert!(verify(LOGOUT, &logout(json!({"aud": ["other", "app"]}))).is_ok());
    let nobody = authguard_token::EventPolicy {
        audience: Vec::new(),
        ..policy()
    };
    let refused = crate::support::verify_by(&nobody, LOGOUT, &logout(json!({})), NOW);
    assert_eq!(refused, Err(EventError::Token(TokenError::Audience)));
}

#[test]
fn the_key_is_that_of_the_issuer() {
    let token = sign(
        &json!({"alg": "HS256", "typ": LOGOUT}),
        &logout(json!({"iss": "https://other.example"})),
    );
    let event = EventToken::parse(&token, 8192).unwrap();
    assert_eq!(event.issuer(), "https://other.example");
    let error = event.verify(&key(), &policy(), NOW).unwrap_err();
    assert_eq!(error, EventError::Token(TokenError::Issuer));
    assert_eq!(error.delivery_error(), DeliveryError::InvalidIssuer);

    let token = sign(&json!({"alg": "HS256", "typ": LOGOUT}), &logout(json!({})));
    for (algorithm, expected, code) in [
        (
            Algorithm::HS256,
            TokenError::Signature,
            DeliveryError::AuthenticationFailed,
        ),
        (
            Algorithm::HS512,
            TokenError::AlgorithmMismatch,
            DeliveryError::InvalidKey,
        ),
    ] {
        let other = Key::from_secret(&SECRET.repeat(2)[1..], algorithm).unwrap();
        let event = EventToken::parse(&token, 8192).unwrap();
        let error = event.verify(&other, &policy(), NOW).unwrap_err();
        assert_eq!(error, EventError::Token(expected));
        assert_eq!(error.delivery_error(), code);
    }
}

#[test]
fn the_form_is_that_of_any_token() {
    let good = sign(&json!({"alg": "HS256", "typ": LOGOUT}), &logout(json!({})));
    let parse = |text: &str, max| EventToken::parse(text, max).unwrap_err();
    let token = |error| EventError::Token(error);
    assert!(EventToken::parse(&good, good.len()).is_ok());
    assert_eq!(parse(&good, good.len() - 1), token(TokenError::TooLong));
    assert_eq!(parse("a.b", 99), token(TokenError::NotThreeParts));
    let unsigned = sign(&json!({"alg": "none", "typ": LOGOUT}), &logout(json!({})));
    let error = parse(&unsigned, 8192);
    assert_eq!(error, token(TokenError::AlgorithmNone));
    assert_eq!(error.delivery_error(), DeliveryError::AuthenticationFailed);
    let critical = json!({"alg": "HS256", "typ": LOGOUT, "crit": ["x"]});
    let error = parse(&sign(&critical, &logout(json!({}))), 8192);
    assert_eq!(error, token(TokenError::HeaderForbidden("crit")));
    assert_eq!(error.delivery_error(), DeliveryError::InvalidRequest);
    let no_object = sign(&json!({"alg": "HS256", "typ": LOGOUT}), &json!([]));
    let error = parse(&no_object, 8192);
    let expected = ClaimsError::Json(JsonError::NotAnObject);
    assert_eq!(error, token(TokenError::Claims(expected)));
}

/// Every other reason is one about the request.
#[test]
fn other_reasons_are_those_of_a_bad_request() {
    for error in [
        EventError::Type,
        EventError::Nonce,
        EventError::Events,
        EventError::NoLogout,
        EventError::NoSubject,
        EventError::Subject("sub"),
        EventError::SubjectsDiffer,
        EventError::TooOld,
        EventError::Token(TokenError::Expired),
        EventError::Token(TokenError::Missing("jti")),
    ] {
        assert_eq!(error.delivery_error(), DeliveryError::InvalidRequest);
        assert!(!error.to_string().is_empty());
    }
}
