//! Of any input: no panic, and what is accepted means what it says.

use authguard_token::{Jws, Key, SigningKey, Token, parse_jwks};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::signers::{MAX, NOW, Signer, all, encode, policy};
use crate::{model, signers};

/// Any JSON value at all, within or beyond the limits.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(?s).{0,12}".prop_map(Value::from),
        Just(json!("api")),
        Just(json!(signers::ISSUER)),
    ];
    leaf.prop_recursive(20, 64, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("(?s).{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Good members, of which some are replaced by any value.
fn nearly(good: Value, names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let edits = prop::collection::vec((prop::sample::select(names), any_json()), 0..3);
    edits.prop_map(move |edits| {
        let mut value = good.clone();
        for (name, other) in edits {
            value[name] = other;
        }
        value
    })
}

const HEADER: &[&str] = &[
    "alg", "kid", "typ", "cty", "crit", "b64", "zip", "jwk", "jku", "x5c", "x",
];
const CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "role",
    "email",
    "scope",
    "aal",
    "amr",
    "session_id",
    "auth_time",
    "is_anonymous",
    "app_metadata",
    "x",
];
const JWK: &[&str] = &[
    "kty", "crv", "alg", "use", "key_ops", "kid", "x", "y", "n", "e", "k", "d", "x5c",
];

fn any_signer() -> impl Strategy<Value = &'static Signer> {
    (0..12_usize).prop_map(|number| &all()[number])
}

/// Everything that takes a text from outside.
fn read(text: &str, signer: &Signer) {
    for max in [0, 10, MAX] {
        if let Ok(jws) = Jws::parse(text, max) {
            let _ = jws.verify(&signer.key);
        }
        if let Ok(token) = Token::parse(text, max) {
            let _ = token.verify(&signer.key, &policy(), NOW);
        }
    }
    let _ = Key::from_jwk(text);
    let _ = parse_jwks(text);
    let _ = SigningKey::from_pkcs8_pem(text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn no_text_panics(signer in any_signer(), text in prop_oneof!["(?s).{0,200}", "[A-Za-z0-9_=-]{0,60}(\\.[A-Za-z0-9_-]{0,60}){0,4}"]) {
        read(&text, signer);
    }

    #[test]
    fn no_bytes_panic(
        signer in any_signer(),
        header in prop::collection::vec(any::<u8>(), 0..80),
        payload in prop::collection::vec(any::<u8>(), 0..80),
        signature in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        read(&signer.signed(&header, &payload), signer);
        let unsigned = format!("{}.{}", encode(signer.header()), encode(&payload));
        let forged = format!("{unsigned}.{}", encode(&signature));
        read(&forged, signer);
        prop_assert!(signer.verify(&forged).is_err());
        let _ = SigningKey::from_pkcs8_der(&signature);
        if let Ok(key) = Key::from_secret(&signature, signer.algorithm) {
            prop_assert!(signer.algorithm.is_symmetric() && signature.len() >= 32);
            prop_assert_eq!(key.to_jwk(), None);
        }
    }

    #[test]
    fn any_json_in_header_and_payload_is_judged_by_what_it_says(
        signer in any_signer(),
        header in nearly(json!({"alg": "?", "typ": "JWT"}), HEADER),
        payload in prop_oneof![
            any_json(),
            nearly(serde_json::from_str(signers::PAYLOAD).unwrap(), CLAIMS),
            nearly(serde_json::from_str(signers::PAYLOAD).unwrap(), CLAIMS),
        ],
    ) {
        let mut header = header;
        if header["alg"] == "?" {
            header["alg"] = signer.algorithm.name().into();
        }
        let text = signer.signed(header.to_string(), payload.to_string());
        read(&text, signer);
        if let Ok(verified) = signer.judge(&text) {
            prop_assert_eq!(&header["alg"], signer.algorithm.name());
            for forbidden in ["crit", "b64", "zip"] {
                prop_assert!(header.get(forbidden).is_none());
            }
            prop_assert_eq!(&verified.json, &payload.to_string());
            model::check(&verified);
        }
    }

    #[test]
    fn a_key_is_good_for_what_it_says_or_refused(
        signer in any_signer(),
        edits in nearly(json!({}), JWK),
    ) {
        let jwk = signer.published.iter().find(|(form, _)| *form == "JWK");
        let mut jwk = jwk.map_or(json!({"kty": "oct"}), |(_, text)| serde_json::from_slice(text).unwrap());
        for (name, value) in edits.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        read(&jwk.to_string(), signer);
        let _ = parse_jwks(&json!({"keys": [jwk]}).to_string());
        if let Ok(key) = Key::from_jwk(&jwk.to_string()) {
            prop_assert_eq!(jwk.get("use").is_none_or(|purpose| purpose == "sig"), true);
            let again = Key::from_jwk(&key.to_jwk().unwrap()).unwrap();
            prop_assert_eq!(again.to_jwk(), key.to_jwk());
            prop_assert_eq!(again.thumbprint(), key.thumbprint());
            prop_assert_eq!(again.key_id(), key.key_id());
            // The key material was not among the edits, so it is still the same key.
            if ["x", "y", "n", "e"].iter().all(|name| edits.get(name).is_none()) && key.algorithm() == signer.algorithm {
                let token = signer.token();
                prop_assert_eq!(Jws::parse(&token, MAX).unwrap().verify(&key), Ok(()));
            }
        }
    }
}
