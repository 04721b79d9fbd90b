//! Of any token with events, signed well: no panic, no content in an error, and nobody is let in
//! again by less than the event that says so.

use authguard_token::{
    Algorithm, EventAction, EventPolicy, EventToken, Key, MAX_IDENTITY_BYTES, canonical,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

const SECRET: &[u8] = b"a secret of 64 bytes, which is enough for every hash that we use";
const NOW: i64 = 1_700_000_010_000_000;

fn sign(typ: &str, payload: &str) -> String {
    let header = format!("{{\"alg\":\"HS256\",\"typ\":\"{typ}\"}}");
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encode(&header), encode(payload));
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn number() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["-1.5", "0", "1699999999", "1e308", "1e12", "null"])
        .prop_map(str::to_owned)
}

fn subject() -> impl Strategy<Value = String> {
    let simple = prop::sample::select(vec![
        "{\"format\":\"iss_sub\",\"iss\":\"https://idp.example\",\"sub\":\"secret\"}",
        "{\"format\":\"iss_sub\",\"iss\":\"https://other.example\",\"sub\":\"secret\"}",
        "{\"format\":\"opaque\",\"id\":\"A0EEBC999C0B4EF8BB6D6BB9BD380A11\"}",
        "{\"format\":\"email\",\"email\":\"secret\"}",
        "{\"format\":\"jwt_id\",\"iss\":\"https://idp.example\",\"jti\":\"secret\"}",
    ]);
    let simple = simple.prop_map(str::to_owned);
    let name = prop::sample::select(vec!["user", "session", "application", "device", "any"]);
    let complex = prop::collection::vec((name, simple.clone()), 0..3).prop_map(|mut members| {
        members.push(("format", "\"complex\"".to_owned()));
        object(members)
    });
    prop_oneof![simple, complex]
}

/// Any value, most of them parts of subjects.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "null",
        "-1.5",
        "1699999999",
        "1e308",
        "\"\"",
        "\"secret\"",
        "\"complex\"",
        "\"opaque\"",
        "\"A0EEBC999C0B4EF8BB6D6BB9BD380A11\"",
        "\"https://idp.example\"",
    ]);
    let leaf = prop_oneof![leaf.prop_map(str::to_owned), subject()];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = prop::sample::select(vec![
            "format",
            "subject_type",
            "user",
            "session",
            "application",
            "device",
            "identifiers",
            "iss",
            "sub",
            "id",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec((name, inner), 0..4).prop_map(object),
        ]
    })
}

fn object(members: Vec<(&str, String)>) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn payload() -> impl Strategy<Value = String> {
    let event = prop::sample::select(vec![
        "http://schemas.openid.net/event/backchannel-logout",
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
        "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
        "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
        "https://schemas.openid.net/secevent/risc/event-type/account-enabled",
        "https://schemas.openid.net/secevent/ssf/event-type/verification",
        "urn:secret",
    ]);
    let name = prop::sample::select(vec!["event_timestamp", "subject", "state", "secret"]);
    let member = prop_oneof![
        3 => number().prop_map(|at| ("event_timestamp", at)),
        1 => subject().prop_map(|it| ("subject", it)),
        1 => (name, value()),
    ];
    let members = prop::collection::vec(member, 0..2).prop_map(object);
    let name = prop::sample::select(vec!["sub", "sid", "sub_id", "toe", "nonce", "exp"]);
    let claim = prop_oneof![
        4 => subject().prop_map(|it| ("sub_id", it)),
        1 => Just(("sub", "\"secret\"".to_owned())),
        1 => Just(("sid", "\"secret\"".to_owned())),
        1 => (name, value()),
    ];
    let claims = prop::collection::vec(claim, 0..3);
    let events = prop::collection::vec((event, members), 1..3).prop_map(object);
    (claims, events).prop_map(|(mut claims, events)| {
        claims.push(("iss", "\"https://idp.example\"".to_owned()));
        claims.push(("aud", "\"app\"".to_owned()));
        claims.push(("iat", "1700000000".to_owned()));
        claims.push(("jti", "\"secret\"".to_owned()));
        claims.push(("events", events));
        object(claims)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn no_event_panics_and_no_error_shows_it(
        payload in prop_oneof![4 => payload(), 1 => "(?s).{0,80}"],
        typ in prop::sample::select(vec!["logout+jwt", "secevent+jwt"]),
        emails in any::<bool>(),
    ) {
        let policy = EventPolicy {
            issuer: "https://idp.example".to_owned(),
            audience: vec!["app".to_owned()],
            emails,
            forgotten_until: i64::MIN,
            leeway: 30,
        };
        let key = Key::from_secret(SECRET, Algorithm::HS256).unwrap();
        let token = sign(typ, &payload);
        let received = EventToken::parse(&token, 8192)
            .and_then(|token| token.verify(&key, &policy, NOW));
        match received {
            Ok(received) => {
                prop_assert!(!received.events.is_empty());
                for event in received.events {
                    prop_assert!((0..=NOW).contains(&event.happened_at));
                    let named = [&event.user, &event.session, &event.client, &event.token];
                    for identity in named.into_iter().flatten() {
                        prop_assert!((1..=MAX_IDENTITY_BYTES).contains(&identity.len()));
                        prop_assert_eq!(canonical(identity), identity.as_str());
                    }
                    // Every action has what it needs, and one that lets in has nothing besides.
                    let is_enough = match event.action {
                        EventAction::UserRestored => {
                            event.name.ends_with("/account-enabled")
                                && event.user.is_some()
                                && event.session.is_none()
                                && event.client.is_none()
                        }
                        EventAction::UserBlocked | EventAction::UserSignedOut => {
                            event.user.is_some()
                        }
                        EventAction::SessionEnded => event.session.is_some() || event.token.is_some(),
                        EventAction::ClaimsStale => event.user.is_some() || event.token.is_some(),
                        EventAction::ClientRevoked => event.client.is_some(),
                        EventAction::Ignored => event.detail.is_some()
                            || event.name.ends_with("/verification"),
                        EventAction::Replayed => false,
                    };
                    prop_assert!(is_enough, "{:?}", event);
                }
            }
            Err(error) => {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains("secret"), "{}", shown);
            }
        }
    }
}
