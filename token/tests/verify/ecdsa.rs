//! The numbers of an ECDSA signature: r and s from 1 to n - 1, at full length, on the key's own
//! curve.

use authguard_token::{Algorithm, Key, KeyError, TokenError};
use serde_json::json;

use crate::signers::{Signer, decode, encode, of, parts};

/// The orders of P-256 and P-384 (SP 800-186 section 3.2.1).
pub const ORDERS: [(Algorithm, &str); 2] = [
    (
        Algorithm::ES256,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    (
        Algorithm::ES384,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
];

pub fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// Big-endian numbers of one length; `None` where the sum needs another byte.
pub fn plus(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0;
    let mut sum: Vec<u8> = (a.iter().rev().zip(b.iter().rev()))
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let byte = carry.to_le_bytes()[0];
            carry >>= 8;
            byte
        })
        .collect();
    sum.reverse();
    (carry == 0).then_some(sum)
}

fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut difference: Vec<u8> = (a.iter().rev().zip(b.iter().rev()))
        .map(|(a, b)| {
            let (byte, under) = a.overflowing_sub(*b);
            let (byte, again) = byte.overflowing_sub(borrow);
            borrow = u8::from(under || again);
            byte
        })
        .collect();
    difference.reverse();
    difference
}

fn number(length: usize, small: u8) -> Vec<u8> {
    let mut number = vec![0; length];
    *number.last_mut().unwrap() = small;
    number
}

/// The other signature that is as good as this one: r and n - s.
pub fn twin(order: &str, signature: &[u8]) -> Vec<u8> {
    let n = bytes(order);
    let (r, s) = signature.split_at(n.len());
    [r, &minus(&n, s)].concat()
}

fn with_signature(token: &str, signature: &[u8]) -> String {
    let [header, payload, _] = parts(token);
    format!("{header}.{payload}.{}", encode(signature))
}

#[test]
fn r_and_s_at_their_ends_are_refused() {
    for (algorithm, order) in ORDERS {
        let signer = of(algorithm);
        let n = bytes(order);
        let length = n.len();
        let one = number(length, 1);
        let ends = [
            number(length, 0),
            one.clone(),
            minus(&n, &one),
            n.clone(),
            plus(&n, &one).unwrap(),
            vec![0xff; length],
        ];
        let token = signer.token();
        let good = decode(parts(&token)[2]);
        let (r, s) = good.split_at(length);
        let judge = |r: &[u8], s: &[u8]| {
            signer
                .judge(&with_signature(&token, &[r, s].concat()))
                .err()
        };
        assert_eq!(judge(r, s), None);
        for end in &ends {
            for other in &ends {
                assert_eq!(
                    judge(end, other),
                    Some(TokenError::Signature),
                    "{end:?}, {other:?}"
                );
            }
            assert_eq!(judge(end, s), Some(TokenError::Signature), "r = {end:?}");
            assert_eq!(judge(r, end), Some(TokenError::Signature), "s = {end:?}");
        }
        assert_eq!(judge(s, r), Some(TokenError::Signature));
        assert_eq!(judge(&minus(&n, r), s), Some(TokenError::Signature));
    }
}

/// ECDSA is malleable: s and n - s are both good, so a token has two spellings. Both are one
/// identity, and a revocation of the one is a revocation of the other, as neither depends on the
/// text.
#[test]
fn the_other_s_is_the_same_token() {
    for (algorithm, order) in ORDERS {
        let signer = of(algorithm);
        let token = signer.token();
        let twin = with_signature(&token, &twin(order, &decode(parts(&token)[2])));
        assert_ne!(twin, token);
        let (one, two) = (signer.judge(&token).unwrap(), signer.judge(&twin).unwrap());
        assert!(one == two);
        assert_eq!(two.claims.jti.as_deref(), Some("t-1"));
        assert_eq!(two.claims.subject.as_deref(), Some("alice"));
    }
}

/// The DER form is what TLS and openssl use (RFC 7518 section 3.4 wants r and s side by side).
#[test]
fn the_der_form_is_refused() {
    for (algorithm, order) in ORDERS {
        let signer = of(algorithm);
        let token = signer.token();
        let good = decode(parts(&token)[2]);
        let integer = |number: &[u8]| {
            let skipped = number.iter().take_while(|byte| **byte == 0).count();
            let mut digits = number[skipped..].to_vec();
            if digits.first().is_some_and(|first| *first > 127) {
                digits.insert(0, 0);
            }
            [&[2, u8::try_from(digits.len()).unwrap()], &digits[..]].concat()
        };
        let (r, s) = good.split_at(bytes(order).len());
        let body = [integer(r), integer(s)].concat();
        let der = [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat();
        let refused = signer.judge(&with_signature(&token, &der)).err();
        assert_eq!(refused, Some(TokenError::Signature), "{algorithm}");
    }
}

#[test]
fn a_point_of_another_curve_is_no_key() {
    let xy = |signer: &Signer| {
        let (_, point) = signer.published.last().unwrap().clone();
        let (x, y) = point[1..].split_at(point.len() / 2);
        (x.to_vec(), y.to_vec())
    };
    let key = |curve: &str, x: &[u8], y: &[u8]| {
        let jwk = json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)});
        Key::from_jwk(&jwk.to_string()).map(|key| key.algorithm())
    };
    let (x, y) = xy(of(Algorithm::ES256));
    assert_eq!(key("P-256", &x, &y), Ok(Algorithm::ES256));
    let (longer, _) = xy(of(Algorithm::ES384));
    assert_eq!(key("P-384", &x, &y).err(), Some(KeyError::Malformed("x")));
    assert_eq!(
        key("P-256", &longer, &y).err(),
        Some(KeyError::Malformed("x"))
    );
    let padded = |short: &[u8]| [&[0; 16], short].concat();
    assert_eq!(
        key("P-384", &padded(&x), &padded(&y)).err(),
        Some(KeyError::NotOnCurve)
    );
    assert_eq!(key("P-256", &y, &x).err(), Some(KeyError::NotOnCurve));
    // The point at infinity, as some write it.
    assert_eq!(
        key("P-256", &[0; 32], &[0; 32]).err(),
        Some(KeyError::NotOnCurve)
    );
    for unknown in ["secp256k1", "P-521", "P-224", "p-256", "Ed25519", ""] {
        assert_eq!(
            key(unknown, &x, &y).err(),
            Some(KeyError::UnknownCurve),
            "{unknown}"
        );
    }
}
