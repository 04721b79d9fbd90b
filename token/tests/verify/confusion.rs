//! One key, one algorithm: a signature made in one way is never judged in another.

use authguard_token::{Algorithm, Key, KeyError, TokenError};
use aws_lc_rs::hmac;
use serde_json::json;

use crate::secrets::LEAST;
use crate::signers::{PAYLOAD, Signer, all, encode, of, parts, pem};

const SECRETS: [(Algorithm, hmac::Algorithm); 3] = [
    (Algorithm::HS256, hmac::HMAC_SHA256),
    (Algorithm::HS384, hmac::HMAC_SHA384),
    (Algorithm::HS512, hmac::HMAC_SHA512),
];

fn header(algorithm: Algorithm) -> String {
    json!({"alg": algorithm.name(), "typ": "JWT"}).to_string()
}

#[test]
fn no_algorithm_stands_for_another() {
    for signer in all() {
        for other in all()
            .iter()
            .filter(|other| other.algorithm != signer.algorithm)
        {
            let honest = signer.signed(header(signer.algorithm), PAYLOAD);
            let refused = other.judge(&honest).err();
            assert_eq!(refused, Some(TokenError::AlgorithmMismatch));
            // The header lies about what made the signature.
            let renamed = signer.signed(header(other.algorithm), PAYLOAD);
            assert_eq!(other.judge(&renamed).err(), Some(TokenError::Signature));
            assert_eq!(
                signer.judge(&renamed).err(),
                Some(TokenError::AlgorithmMismatch)
            );
        }
    }
}

/// The attack of CVE-2015-9235 and many after it.
#[test]
fn a_published_key_is_no_secret_to_sign_with() {
    for signer in all() {
        let expected = if signer.algorithm.is_symmetric() {
            0
        } else {
            4
        };
        assert!(signer.published.len() >= expected, "{}", signer.algorithm);
        for (form, bytes) in &signer.published {
            let trimmed = bytes.trim_ascii_end();
            for secret in [&bytes[..], trimmed, encode(bytes).as_bytes()] {
                for (symmetric, hash) in SECRETS {
                    let tag = |message: &str| {
                        hmac::sign(&hmac::Key::new(hash, secret), message.as_bytes())
                    };
                    for alg in [symmetric, signer.algorithm] {
                        let message = format!("{}.{}", encode(header(alg)), encode(PAYLOAD));
                        let forged = format!("{message}.{}", encode(tag(&message)));
                        let refused = signer.judge(&forged).err();
                        let expected = if alg == symmetric {
                            TokenError::AlgorithmMismatch
                        } else {
                            TokenError::Signature
                        };
                        assert_eq!(refused, Some(expected), "{} as {form}", signer.algorithm);
                    }
                }
            }
        }
    }
}

/// A public key in any of its forms cannot be registered as a secret either. The bare 32 bytes of
/// Ed25519 and a bare point look like any secret.
#[test]
fn a_published_key_is_not_taken_as_a_secret() {
    for signer in all() {
        for (form, bytes) in &signer.published {
            let is_rsa = signer.published.len() == 5;
            if is_rsa || !form.contains("point") {
                for (symmetric, least) in LEAST {
                    if bytes.len() < least {
                        continue;
                    }
                    let taken = Key::from_secret(bytes, symmetric).err();
                    assert_eq!(
                        taken,
                        Some(KeyError::SecretIsKey),
                        "{} as {form}",
                        signer.algorithm
                    );
                    let jwk = json!({"kty": "oct", "alg": symmetric.name(), "k": encode(bytes)});
                    let taken = Key::from_jwk(&jwk.to_string()).err();
                    assert_eq!(
                        taken,
                        Some(KeyError::SecretIsKey),
                        "{} as {form}",
                        signer.algorithm
                    );
                }
            }
        }
    }
    for label in [
        "CERTIFICATE",
        "RSA PRIVATE KEY",
        "PRIVATE KEY",
        "EC PRIVATE KEY",
    ] {
        let text = pem(label, &[7; 99]);
        let taken = Key::from_secret(text.as_bytes(), Algorithm::HS256).err();
        assert_eq!(taken, Some(KeyError::SecretIsKey), "{label}");
    }
}

/// The same bytes under another algorithm are another key, and the header does not choose.
#[test]
fn a_key_with_another_algorithm_is_another_key() {
    let signer = of(Algorithm::RS256);
    let jwk = &signer
        .published
        .iter()
        .find(|(form, _)| *form == "JWK")
        .unwrap()
        .1;
    let jwk = String::from_utf8(jwk.clone()).unwrap();
    for name in ["RS384", "RS512", "PS256", "PS384", "PS512"] {
        let key = Key::from_jwk(&jwk.replace("RS256", name)).unwrap();
        for alg in ["RS256", name] {
            let text = signer.signed(format!(r#"{{"alg":"{alg}"}}"#), PAYLOAD);
            let token = authguard_token::Jws::parse(&text, 8192).unwrap();
            assert!(token.verify(&key).is_err(), "{name}, {alg}");
        }
    }
    for wrong in ["ES256", "ES384", "EdDSA", "HS256"] {
        let taken = Key::from_jwk(&jwk.replace("RS256", wrong)).err();
        assert_eq!(taken, Some(KeyError::WrongAlgorithm), "{wrong}");
    }
}

/// Two issuers of the same algorithm: the key of one says nothing about the tokens of the other.
#[test]
fn keys_of_two_issuers_are_not_swapped() {
    for ours in all() {
        let theirs = Signer::new(ours.algorithm);
        assert!(theirs.judge(&theirs.token()).is_ok());
        assert_eq!(
            theirs.judge(&ours.token()).err(),
            Some(TokenError::Signature)
        );
        assert_eq!(
            ours.judge(&theirs.token()).err(),
            Some(TokenError::Signature)
        );
        // Their own key signs what claims to be ours: the policy of their key knows their name
        // only.
        let forged = theirs.signed(theirs.header(), PAYLOAD);
        let mut policy = crate::signers::policy();
        policy.issuer = "https://other.example".to_owned();
        let token = authguard_token::Token::parse(&forged, 8192).unwrap();
        let refused = token
            .verify(&theirs.key, &policy, crate::signers::NOW)
            .err();
        assert_eq!(refused, Some(TokenError::Issuer));
        // One part of theirs in ours.
        let (our_token, their_token) = (ours.token(), theirs.token());
        let [header, payload, _] = parts(&our_token);
        let mixed = format!("{header}.{payload}.{}", parts(&their_token)[2]);
        assert_eq!(ours.judge(&mixed).err(), Some(TokenError::Signature));
    }
}
