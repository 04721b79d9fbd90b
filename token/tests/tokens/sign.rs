//! Private keys: made, stored, loaded again, and the tokens that they sign.

use authguard_token::{Algorithm, Jws, Key, KeyError, SigningKey, TokenError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{MAX, decode};

const KINDS: [Algorithm; 4] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::RS256,
];

fn pem(label: &str, der: &[u8]) -> String {
    let lines: Vec<_> = STANDARD
        .encode(der)
        .into_bytes()
        .chunks(64)
        .map(<[u8]>::to_vec)
        .collect();
    let body = String::from_utf8(lines.join(&b'\n')).unwrap();
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn what_a_new_key_signs_its_public_half_verifies() {
    for algorithm in KINDS {
        let key = SigningKey::generate(algorithm).unwrap();
        let public = Key::from_jwk(&key.public().to_jwk().unwrap()).unwrap();
        assert_eq!(public.algorithm(), algorithm);
        assert_eq!(public.key_id(), key.public().thumbprint().as_deref());

        let token = key.sign(r#"{"sub":"alice"}"#, "a \"kid\"").unwrap();
        let jws = Jws::parse(&token, MAX).unwrap();
        assert_eq!(jws.verify(&public), Ok(()), "{algorithm}");
        assert_eq!(jws.payload(), br#"{"sub":"alice"}"#);
        let header: Value =
            serde_json::from_slice(&decode(token.split('.').next().unwrap())).unwrap();
        let expected = json!({"alg": algorithm.name(), "kid": "a \"kid\"", "typ": "JWT"});
        assert_eq!(header, expected);

        let other = SigningKey::generate(algorithm).unwrap();
        assert_eq!(jws.verify(other.public()), Err(TokenError::Signature));
        assert_ne!(other.public().key_id(), key.public().key_id());
    }
}

#[test]
fn a_key_can_be_stored_and_loaded() {
    for algorithm in KINDS {
        let key = SigningKey::generate(algorithm).unwrap();
        let der = key.to_pkcs8_der();
        let from_der = SigningKey::from_pkcs8_der(&der).unwrap();
        let from_pem = SigningKey::from_pkcs8_pem(&pem("PRIVATE KEY", &der)).unwrap();
        for loaded in [from_der, from_pem] {
            assert_eq!(loaded.public().to_jwk(), key.public().to_jwk());
            assert_eq!(*loaded.to_pkcs8_der(), *der);
            let token = loaded.sign("{}", "k").unwrap();
            assert_eq!(
                Jws::parse(&token, MAX).unwrap().verify(key.public()),
                Ok(())
            );
        }
    }
}

#[test]
fn other_algorithms_have_no_signing_key() {
    for algorithm in [Algorithm::HS256, Algorithm::PS256, Algorithm::RS512] {
        assert_eq!(
            SigningKey::generate(algorithm).err(),
            Some(KeyError::Generate)
        );
    }
}

#[test]
fn what_is_no_plain_pkcs8_key_is_refused() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let der = key.to_pkcs8_der();
    let good = pem("PRIVATE KEY", &der);
    assert!(SigningKey::from_pkcs8_pem(&format!("\n{good}\n")).is_ok());
    for bad in [
        String::new(),
        pem("EC PRIVATE KEY", &der),
        pem("RSA PRIVATE KEY", &der),
        pem("ENCRYPTED PRIVATE KEY", &der),
        pem("PUBLIC KEY", &der),
        pem("PRIVATE KEY", &[]),
        pem("PRIVATE KEY", &der[..der.len() - 1]),
        good.replace("-----END", "----END"),
        format!("{good}{good}"),
        good.replace("-----BEGIN PRIVATE KEY-----", ""),
        good.replace("-----END PRIVATE KEY-----", ""),
        good.replacen("MI", "M!", 1),
        "-----BEGIN PRIVATE KEY-----".to_owned(),
    ] {
        let refused = SigningKey::from_pkcs8_pem(&bad).err();
        assert_eq!(refused, Some(KeyError::NotPkcs8), "{bad}");
    }
    for length in 0..der.len() {
        let refused = SigningKey::from_pkcs8_der(&der[..length]).err();
        assert_eq!(refused, Some(KeyError::NotPkcs8), "{length}");
    }
}

#[test]
fn debug_shows_the_public_half_only() {
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let expected = format!("SigningKey {{ public: {:?}, .. }}", key.public());
    assert_eq!(format!("{key:?}"), expected);
}
