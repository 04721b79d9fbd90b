//! The attacks on access tokens, run against tokens with events: they are read, and their
//! signatures checked, in the same way.

use authguard_token::{Algorithm, DeliveryError, EventError, EventToken, Jws, TokenError};
use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::ecdsa::{ORDERS, twin};
use crate::mutations::neighbours;
use crate::signers::{MAX, PAYLOAD, Signer, all, decode, encode, of, parts};
use crate::vectors::load;

pub const EVENT: &str = r#"{"iss":"https://issuer.example","sub":"alice","aud":"api","iat":1700000000,"jti":"e-1","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#;
const TYPES: [&str; 2] = ["logout+jwt", "secevent+jwt"];

fn header(signer: &Signer, typ: &str) -> Value {
    json!({"alg": signer.algorithm.name(), "kid": "k-1", "typ": typ})
}

fn token(signer: &Signer) -> String {
    signer.signed(header(signer, TYPES[0]).to_string(), EVENT)
}

/// The reason why a token with events is refused.
fn refused(signer: &Signer, token: &str) -> Option<EventError> {
    signer.judge_event(token).err()
}

const FORGED: Option<EventError> = Some(EventError::Token(TokenError::Signature));

#[test]
fn an_honest_event_passes_and_is_no_access_token() {
    for signer in all() {
        for typ in TYPES {
            let event = signer.signed(header(signer, typ).to_string(), EVENT);
            assert_eq!(signer.judge_event(&event).unwrap().jti, "e-1", "{typ}");
            assert_eq!(signer.judge(&event).err(), Some(TokenError::Type));
        }
        let access = signer.token();
        assert!(signer.judge(&access).is_ok());
        assert_eq!(refused(signer, &access), Some(EventError::Type));
        // With the type of the other.
        let access = signer.signed(header(signer, TYPES[0]).to_string(), PAYLOAD);
        assert_eq!(refused(signer, &access), Some(EventError::Events));
        assert_eq!(signer.judge(&access).err(), Some(TokenError::Type));
        let with_end = EVENT.replace("\"jti\"", "\"exp\":1700003600,\"jti\"");
        let event = signer.signed(signer.header(), with_end);
        assert_eq!(refused(signer, &event), Some(EventError::Type));
        assert_eq!(signer.judge(&event).err(), Some(TokenError::Events));
    }
}

#[test]
fn one_edit_anywhere_is_refused() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256] {
        let signer = of(algorithm);
        let token = token(signer);
        let others = neighbours(&token).filter(|(_, other)| *other != token);
        let mut tried = 0;
        for (edit, other) in others {
            tried += 1;
            assert!(refused(signer, &other).is_some(), "{edit}: {other}");
        }
        assert!(tried >= token.len() * 26, "{tried} of {}", token.len());
    }
}

#[test]
fn an_event_that_nobody_signed_is_refused() {
    let unsigned = Some(EventError::Token(TokenError::AlgorithmNone));
    for signer in all() {
        for name in ["none", "None", "NONE", "nOnE"] {
            let mut header = header(signer, TYPES[0]);
            header["alg"] = name.into();
            let signed = signer.signed(header.to_string(), EVENT);
            assert_eq!(refused(signer, &signed), unsigned, "{name}");
            let bare = format!("{}.{}.", encode(header.to_string()), encode(EVENT));
            assert_eq!(refused(signer, &bare), unsigned, "{name}");
        }
        let token = token(signer);
        let [header, payload, _] = parts(&token);
        for signature in [vec![], vec![0], vec![0; 64], vec![0xff; 64], vec![0; 256]] {
            let bare = format!("{header}.{payload}.{}", encode(signature));
            assert_eq!(refused(signer, &bare), FORGED, "{}", signer.algorithm);
        }
    }
}

#[test]
fn no_algorithm_stands_for_another() {
    let mismatch = Some(EventError::Token(TokenError::AlgorithmMismatch));
    for signer in all() {
        for other in all() {
            if other.algorithm == signer.algorithm {
                continue;
            }
            assert_eq!(refused(other, &token(signer)), mismatch);
            let renamed = signer.signed(header(other, TYPES[1]).to_string(), EVENT);
            assert_eq!(refused(other, &renamed), FORGED);
        }
        // A published key is no secret.
        for (form, bytes) in &signer.published {
            let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
            for (alg, expected) in [("HS256", mismatch), (signer.algorithm.name(), FORGED)] {
                let mut header = header(signer, TYPES[0]);
                header["alg"] = alg.into();
                let text = format!("{}.{}", encode(header.to_string()), encode(EVENT));
                let tag = encode(hmac::sign(&key, text.as_bytes()));
                assert_eq!(
                    refused(signer, &format!("{text}.{tag}")),
                    expected,
                    "{form}"
                );
            }
        }
    }
}

#[test]
fn a_key_in_the_header_is_never_used() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256] {
        let (ours, attacker) = (of(algorithm), Signer::new(algorithm));
        for (name, value) in crate::header_keys::brought(&attacker) {
            let mut header = header(ours, TYPES[1]);
            header[name] = value;
            let forged = attacker.signed(header.to_string(), EVENT);
            assert_eq!(refused(ours, &forged), FORGED, "{header}");
            let honest = ours.signed(header.to_string(), EVENT);
            assert_eq!(refused(ours, &honest), None, "{header}");
        }
    }
}

#[test]
fn a_forbidden_header_is_refused_with_a_good_signature() {
    for signer in all() {
        for (name, value) in [
            ("crit", json!(["exp"])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
        ] {
            let mut header = header(signer, TYPES[0]);
            header[name] = value;
            let token = signer.signed(header.to_string(), EVENT);
            let expected = EventError::Token(TokenError::HeaderForbidden(name));
            assert_eq!(refused(signer, &token), Some(expected));
            assert_eq!(expected.delivery_error(), DeliveryError::InvalidRequest);
        }
    }
}

#[test]
fn parts_of_an_event_and_an_access_token_do_not_mix() {
    for signer in all() {
        let (event, access) = (token(signer), signer.token());
        let (event, access) = (parts(&event), parts(&access));
        for choice in 1..7 {
            let pick = |place: usize| if choice >> place & 1 == 0 { event } else { access }[place];
            let mixed = [pick(0), pick(1), pick(2)].join(".");
            assert!(refused(signer, &mixed).is_some(), "{choice}");
            assert!(signer.judge(&mixed).is_err(), "{choice}");
        }
    }
}

/// The key of one issuer says nothing about the events of another.
#[test]
fn keys_of_two_issuers_are_not_swapped() {
    for ours in all() {
        let theirs = Signer::new(ours.algorithm);
        assert_eq!(refused(ours, &token(&theirs)), FORGED);
        let other = EVENT.replace("issuer.example", "other.example");
        let signed = ours.signed(header(ours, TYPES[0]).to_string(), other);
        let expected = Some(EventError::Token(TokenError::Issuer));
        assert_eq!(refused(ours, &signed), expected);
    }
}

/// So an event is remembered by its `jti`, and not by its text.
#[test]
fn an_event_with_two_spellings_has_one_name() {
    for (algorithm, order) in ORDERS {
        let signer = of(algorithm);
        let token = token(signer);
        let [header, payload, signature] = parts(&token);
        let other = encode(twin(order, &decode(signature)));
        let other = format!("{header}.{payload}.{other}");
        assert_ne!(other, token);
        assert_eq!(
            signer.judge_event(&other).unwrap(),
            signer.judge_event(&token).unwrap()
        );
    }
}

/// Wycheproof: a text whose form is bad is refused for the same reason as an access token, and no
/// other text of these is an event.
#[test]
fn no_vector_of_wycheproof_is_an_event() {
    let mut texts = 0;
    for file in ["json_web_signature_test.json", "json_web_crypto_test.json"] {
        let Some(vectors) = load(file) else { return };
        for group in vectors["testGroups"].as_array().unwrap() {
            for test in group["tests"].as_array().unwrap() {
                let token = test.get("jws").or_else(|| test.get("jwe")).unwrap();
                let text = token
                    .as_str()
                    .map_or_else(|| token.to_string(), str::to_owned);
                let expected = match Jws::parse(&text, MAX) {
                    Ok(_) => EventError::Type,
                    Err(error) => EventError::Token(error),
                };
                let refused = EventToken::parse(&text, MAX).err();
                assert_eq!(refused, Some(expected), "{file} {}", test["tcId"]);
                texts += 1;
            }
        }
    }
    assert!(texts > 450, "{texts}");
}

/// What the vectors have for a signature does not make an event a signed one.
#[test]
fn no_signature_of_wycheproof_passes_below_an_event() {
    let Some(vectors) = load("json_web_signature_test.json") else {
        return;
    };
    let signer = of(Algorithm::ES256);
    let event = token(signer);
    let [header, payload, _] = parts(&event);
    let mut tried = 0;
    for group in vectors["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let text = test["jws"].as_str().unwrap_or_default();
            let Some((_, signature)) = text.rsplit_once('.') else {
                continue;
            };
            let mixed = format!("{header}.{payload}.{signature}");
            assert!(refused(signer, &mixed).is_some(), "{}", test["tcId"]);
            tried += 1;
        }
    }
    assert!(tried > 350, "{tried}");
}
