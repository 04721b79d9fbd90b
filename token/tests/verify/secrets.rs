//! A secret that others could guess or have is not taken.

use authguard_token::{Algorithm, Key, KeyError};
use serde_json::json;

use crate::signers::{Signer, encode};

/// The algorithms of secrets, and the bytes that each needs.
pub const LEAST: [(Algorithm, usize); 3] = [
    (Algorithm::HS256, 32),
    (Algorithm::HS384, 48),
    (Algorithm::HS512, 64),
];

/// The same secret by both ways in.
fn judge(secret: &[u8], algorithm: Algorithm) -> Result<Algorithm, KeyError> {
    let key = Key::from_secret(secret, algorithm).map(|key| key.algorithm());
    let jwk = json!({"kty": "oct", "alg": algorithm.name(), "k": encode(secret)});
    assert_eq!(
        Key::from_jwk(&jwk.to_string()).map(|key| key.algorithm()),
        key
    );
    key
}

#[test]
fn a_secret_is_at_least_as_long_as_the_hash() {
    for (algorithm, least) in LEAST {
        let secret: Vec<u8> = (0..=255).collect();
        for length in 0..least {
            assert_eq!(
                judge(&secret[..length], algorithm),
                Err(KeyError::SecretTooShort),
                "{length}"
            );
        }
        for length in least..=255 {
            assert_eq!(
                judge(&secret[..length], algorithm),
                Ok(algorithm),
                "{length}"
            );
        }
    }
}

#[test]
fn a_blank_secret_or_one_byte_repeated_is_refused() {
    for (algorithm, least) in LEAST {
        assert_eq!(judge(b"", algorithm), Err(KeyError::SecretTooShort));
        for byte in [0, b' ', b'\t', b'\n', b'0', b'a', b'x', 0xff] {
            for length in [least, 100, 1000] {
                let taken = Key::from_secret(&vec![byte; length], algorithm).err();
                assert_eq!(taken, Some(KeyError::SecretRepeats), "{byte}");
            }
        }
    }
}

#[test]
fn a_weak_password_is_too_short() {
    for weak in [
        "secret",
        "password",
        "changeme",
        "your-256-bit-secret",
        "jwt_secret",
        "supersecret",
        "qwerty",
        "123456",
        "null",
        "undefined",
        "HS256",
        "key",
        " ",
    ] {
        for (algorithm, _) in LEAST {
            assert_eq!(
                judge(weak.as_bytes(), algorithm),
                Err(KeyError::SecretTooShort),
                "{weak}"
            );
        }
    }
}

#[test]
fn the_text_of_a_key_is_refused_with_blanks_around_it_too() {
    let signer = Signer::new(Algorithm::EdDSA);
    for (form, bytes) in &signer.published {
        if form.contains("PEM") || *form == "JWK" {
            let text = String::from_utf8(bytes.clone()).unwrap();
            for text in [
                format!("\n  {text}\r\n"),
                text.replace('\n', "\r\n"),
                text.replace('\n', ""),
                text.replace(':', " : "),
                text.to_lowercase(),
            ] {
                assert_eq!(
                    judge(text.as_bytes(), Algorithm::HS256),
                    Err(KeyError::SecretIsKey),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn a_secret_goes_with_hmac_only() {
    for name in ["RS256", "PS512", "ES256", "ES384", "EdDSA"] {
        let algorithm = Algorithm::from_name(name).unwrap();
        let secret: Vec<u8> = (0..64).collect();
        assert_eq!(
            judge(&secret, algorithm),
            Err(KeyError::WrongAlgorithm),
            "{name}"
        );
    }
}

#[test]
fn nothing_shows_a_secret() {
    let secret = b"canary canary canary canary canary canary canary canary canary 1";
    let key = Key::from_secret(secret, Algorithm::HS512).unwrap();
    let shown = format!(
        "{key:?} {:?} {:?} {:?}",
        key.to_jwk(),
        key.thumbprint(),
        key.key_id()
    );
    assert_eq!(
        shown,
        "Key { algorithm: HS512, key_id: None, .. } None None None"
    );
    let named = json!({"kty": "oct", "alg": "HS512", "kid": "k", "k": encode(secret)});
    let key = Key::from_jwk(&named.to_string()).unwrap();
    let shown = format!("{key:?} {:?} {:?}", key.to_jwk(), key.thumbprint());
    assert_eq!(
        shown,
        "Key { algorithm: HS512, key_id: Some(\"k\"), .. } None None"
    );
}
