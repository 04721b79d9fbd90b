//! RSA and Ed25519 signatures have one spelling: the number below its modulus, at full length.

use authguard_token::{Algorithm, Key, KeyError, TokenError};
use serde_json::{Value, json};

use crate::ecdsa::{bytes, plus};
use crate::signers::{PAYLOAD, Signer, all, decode, encode, of, parts};

/// The order of Ed25519's base point (RFC 8032 section 5.1).
const ORDER: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";

fn jwk(signer: &Signer) -> Value {
    let (_, text) = signer
        .published
        .iter()
        .find(|(form, _)| *form == "JWK")
        .unwrap();
    serde_json::from_slice(text).unwrap()
}

fn refused(signer: &Signer, token: &str, signature: &[u8]) -> Option<TokenError> {
    let [header, payload, _] = parts(token);
    signer
        .judge(&format!("{header}.{payload}.{}", encode(signature)))
        .err()
}

#[test]
fn an_rsa_signature_is_below_the_modulus() {
    for signer in all().iter().filter(|signer| signer.published.len() == 5) {
        let n = decode(jwk(signer)["n"].as_str().unwrap());
        // The sum has the length of the modulus for some payloads only; half of them, more or less.
        let (token, larger) = (0..200)
            .find_map(|number| {
                let token = signer.signed(
                    signer.header(),
                    PAYLOAD.replace("t-1", &format!("t-{number}")),
                );
                let larger = plus(&decode(parts(&token)[2]), &n)?;
                Some((token, larger))
            })
            .unwrap();
        assert!(signer.judge(&token).is_ok());
        assert_eq!(
            refused(signer, &token, &larger),
            Some(TokenError::Signature)
        );
        let mut one = vec![0; n.len()];
        for small in [0, 1, 2] {
            one[n.len() - 1] = small;
            assert_eq!(
                refused(signer, &token, &one),
                Some(TokenError::Signature),
                "{small}"
            );
        }
        assert_eq!(refused(signer, &token, &n), Some(TokenError::Signature));
    }
}

/// S plus the order is the same point (RFC 8032 section 8.4).
#[test]
fn an_ed25519_signature_is_below_the_order() {
    let signer = of(Algorithm::EdDSA);
    let token = signer.token();
    let good = decode(parts(&token)[2]);
    let (point, s) = good.split_at(32);
    let s: Vec<u8> = s.iter().rev().copied().collect();
    let mut larger = s;
    for times in 1..8 {
        larger = plus(&larger, &bytes(ORDER)).unwrap();
        let little: Vec<u8> = larger.iter().rev().copied().collect();
        let twin = [point, &little].concat();
        assert_eq!(
            refused(signer, &token, &twin),
            Some(TokenError::Signature),
            "{times}"
        );
    }
    // R and S at their ends, and R where the identity would be.
    let mut identity = [0; 32];
    identity[0] = 1;
    for r in [[0; 32], identity, [0xff; 32]] {
        for s in [[0; 32], identity, [0xff; 32]] {
            let forged = [r, s].concat();
            assert_eq!(
                refused(signer, &token, &forged),
                Some(TokenError::Signature)
            );
        }
    }
}

/// With such a key, R = S = 0 or the like would verify for anything.
#[test]
fn a_key_that_verifies_anything_is_refused() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut not_canonical = [0xff; 32];
    (not_canonical[0], not_canonical[31]) = (0xee, 0x7f);
    let edwards = |x: [u8; 32]| json!({"kty": "OKP", "crv": "Ed25519", "x": encode(x)});
    let rsa = jwk(of(Algorithm::RS256));
    let with = |name: &str, value: &[u8]| {
        let mut jwk = rsa.clone();
        jwk[name] = encode(value).into();
        jwk
    };
    for (jwk, expected) in [
        (edwards([0; 32]), KeyError::SmallOrder),
        (edwards(one), KeyError::SmallOrder),
        (edwards(minus_one), KeyError::SmallOrder),
        (edwards(not_canonical), KeyError::NotOnCurve),
        (with("e", &[1]), KeyError::RsaExponent),
        (with("e", &[3]), KeyError::RsaExponent),
        (with("e", &[0]), KeyError::RsaExponent),
        (with("e", &[]), KeyError::RsaExponent),
        (with("e", &[0, 1, 0, 1]), KeyError::RsaExponent),
        (
            with("e", &[1, 0, 1, 0, 0, 0, 0, 0, 1]),
            KeyError::RsaExponent,
        ),
        (with("n", &[0xff; 128]), KeyError::RsaSize),
        (with("n", &[0xff; 255]), KeyError::RsaSize),
        (with("n", &[0xff; 513]), KeyError::RsaSize),
        (with("n", &[]), KeyError::RsaSize),
        (with("n", &[0xfe; 256]), KeyError::RsaWeak),
        // Even, and with no odd factor.
        (
            with("n", &[&[0x80][..], &[0; 255]].concat()),
            KeyError::RsaWeak,
        ),
    ] {
        assert_eq!(
            Key::from_jwk(&jwk.to_string()).err(),
            Some(expected),
            "{jwk}"
        );
    }
}
