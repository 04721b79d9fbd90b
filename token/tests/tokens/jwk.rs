//! A key is judged when it is made.

use authguard_token::{Algorithm, JsonError, Key, KeyError, KeySetError, parse_jwks};
use serde_json::{Value, json};

use crate::support::{SECRET, decode, encode};

const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn rsa() -> Value {
    json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "r", "n": N, "e": "AQAB"})
}

fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "e", "x": X, "y": Y})
}

fn okp() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "o", "x": ED})
}

fn oct() -> Value {
    json!({"kty": "oct", "alg": "HS256", "use": "sig", "kid": "s", "k": encode(SECRET)})
}

/// The key with these members instead; null takes one out.
fn but(mut jwk: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk.as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    jwk
}

fn judge(jwk: &Value) -> Result<Algorithm, KeyError> {
    Key::from_jwk(&jwk.to_string()).map(|key| key.algorithm())
}

#[test]
fn a_good_key_is_taken_and_written_as_one_form() {
    for (jwk, algorithm, kid) in [
        (rsa(), Algorithm::RS256, "r"),
        (but(rsa(), json!({"alg": "PS384"})), Algorithm::PS384, "r"),
        (ec(), Algorithm::ES256, "e"),
        (okp(), Algorithm::EdDSA, "o"),
    ] {
        let key = Key::from_jwk(&jwk.to_string()).unwrap();
        assert_eq!((key.algorithm(), key.key_id()), (algorithm, Some(kid)));
        let written = key.to_jwk().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), jwk);
        // What is not needed is not kept.
        let more = but(
            jwk,
            json!({"x5c": ["MII"], "x5u": "https://evil.example", "ext": true}),
        );
        let same = Key::from_jwk(&more.to_string()).unwrap();
        assert_eq!(same.to_jwk().unwrap(), written);
    }
}

#[test]
fn a_key_without_kid_is_named_by_its_thumbprint() {
    for jwk in [rsa(), ec(), okp()] {
        let named = Key::from_jwk(&jwk.to_string()).unwrap();
        let nameless = Key::from_jwk(&but(jwk, json!({"kid": null})).to_string()).unwrap();
        assert_eq!(nameless.key_id(), named.thumbprint().as_deref());
        assert!(
            nameless
                .to_jwk()
                .unwrap()
                .contains(nameless.key_id().unwrap())
        );
    }
    // A hash of a secret would be a way to guess it.
    let secret = Key::from_jwk(&but(oct(), json!({"kid": null})).to_string()).unwrap();
    assert_eq!(
        (secret.key_id(), secret.thumbprint(), secret.to_jwk()),
        (None, None, None)
    );
    assert_eq!(
        Key::from_jwk(&oct().to_string()).unwrap().key_id(),
        Some("s")
    );
}

#[test]
fn type_curve_algorithm_and_use_agree() {
    use KeyError::{
        KeyId, Malformed, Missing, NotForSignatures, UnknownAlgorithm, UnknownCurve, UnknownType,
        WrongAlgorithm,
    };
    for (jwk, members, expected) in [
        (
            rsa(),
            json!({"alg": null, "use": null}),
            Ok(Algorithm::RS256),
        ),
        (
            ec(),
            json!({"alg": null, "use": null}),
            Ok(Algorithm::ES256),
        ),
        (
            okp(),
            json!({"alg": null, "use": null}),
            Ok(Algorithm::EdDSA),
        ),
        (okp(), json!({"alg": "Ed25519"}), Ok(Algorithm::EdDSA)),
        (oct(), json!({"alg": null}), Err(UnknownAlgorithm)),
        (rsa(), json!({"kty": null}), Err(Missing("kty"))),
        (rsa(), json!({"kty": 1}), Err(Malformed("kty"))),
        (rsa(), json!({"kty": "rsa"}), Err(UnknownType)),
        (rsa(), json!({"kty": "EC"}), Err(Missing("crv"))),
        (ec(), json!({"kty": "RSA"}), Err(Missing("n"))),
        (
            ec(),
            json!({"crv": "P-384", "alg": "ES384"}),
            Err(Malformed("x")),
        ),
        (ec(), json!({"crv": "P-384"}), Err(WrongAlgorithm)),
        (ec(), json!({"crv": "P-521"}), Err(UnknownCurve)),
        (ec(), json!({"crv": "secp256k1"}), Err(UnknownCurve)),
        (ec(), json!({"crv": "Ed25519"}), Err(UnknownCurve)),
        (okp(), json!({"crv": "X25519"}), Err(UnknownCurve)),
        (okp(), json!({"crv": "Ed448"}), Err(UnknownCurve)),
        (okp(), json!({"crv": null}), Err(Missing("crv"))),
        (rsa(), json!({"alg": "ES256"}), Err(WrongAlgorithm)),
        (rsa(), json!({"alg": "HS256"}), Err(WrongAlgorithm)),
        (ec(), json!({"alg": "ES384"}), Err(WrongAlgorithm)),
        (ec(), json!({"alg": "EdDSA"}), Err(WrongAlgorithm)),
        (okp(), json!({"alg": "ES256"}), Err(WrongAlgorithm)),
        (oct(), json!({"alg": "RS256"}), Err(WrongAlgorithm)),
        (rsa(), json!({"alg": "none"}), Err(UnknownAlgorithm)),
        (rsa(), json!({"alg": "RS257"}), Err(UnknownAlgorithm)),
        (rsa(), json!({"alg": "RSA-OAEP"}), Err(UnknownAlgorithm)),
        (ec(), json!({"alg": "ES521"}), Err(UnknownAlgorithm)),
        (oct(), json!({"alg": "A256GCM"}), Err(UnknownAlgorithm)),
        (rsa(), json!({"alg": 256}), Err(Malformed("alg"))),
        (rsa(), json!({"use": "enc"}), Err(NotForSignatures)),
        (rsa(), json!({"use": "SIG"}), Err(NotForSignatures)),
        (rsa(), json!({"use": ["sig"]}), Err(Malformed("use"))),
        (rsa(), json!({"key_ops": ["verify"]}), Ok(Algorithm::RS256)),
        (
            oct(),
            json!({"key_ops": ["sign", "verify"]}),
            Ok(Algorithm::HS256),
        ),
        (rsa(), json!({"key_ops": []}), Err(NotForSignatures)),
        (
            rsa(),
            json!({"key_ops": ["verify", "verify"]}),
            Err(Malformed("key_ops")),
        ),
        (
            rsa(),
            json!({"key_ops": ["verify", 7]}),
            Err(Malformed("key_ops")),
        ),
        (
            rsa(),
            json!({"key_ops": ["encrypt"]}),
            Err(NotForSignatures),
        ),
        (oct(), json!({"key_ops": ["sign"]}), Err(NotForSignatures)),
        // Unrelated operations (RFC 7517 section 4.3): one key for two purposes.
        (
            rsa(),
            json!({"key_ops": ["verify", "encrypt"]}),
            Err(NotForSignatures),
        ),
        (
            ec(),
            json!({"use": null, "key_ops": ["deriveKey", "sign", "verify"]}),
            Err(NotForSignatures),
        ),
        (
            oct(),
            json!({"key_ops": ["verify", "unheard of"]}),
            Err(NotForSignatures),
        ),
        (
            rsa(),
            json!({"key_ops": "verify"}),
            Err(Malformed("key_ops")),
        ),
        (rsa(), json!({"kid": ""}), Err(KeyId)),
        (rsa(), json!({"kid": "k".repeat(256)}), Ok(Algorithm::RS256)),
        (rsa(), json!({"kid": "k".repeat(257)}), Err(KeyId)),
        (rsa(), json!({"kid": 1}), Err(Malformed("kid"))),
    ] {
        assert_eq!(
            judge(&but(jwk.clone(), members.clone())),
            expected,
            "{jwk} {members}"
        );
    }
}

#[test]
fn a_key_is_one_strict_object() {
    for (text, error) in [
        (r#"{"kty":"oct","kty":"RSA"}"#, JsonError::DuplicateKey),
        (r#"[]"#, JsonError::NotAnObject),
        (r#"{"kty":"oct"}x"#, JsonError::Syntax),
    ] {
        assert_eq!(
            Key::from_jwk(text).err(),
            Some(KeyError::Json(error)),
            "{text}"
        );
    }
}

#[test]
fn a_private_key_is_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        for jwk in [rsa(), ec(), okp()] {
            let private = but(jwk, json!({member: "AQAB"}));
            assert_eq!(judge(&private), Err(KeyError::Private), "{member}");
            // In a set whatever it is for: all of it has been published.
            for private in [
                &private,
                &but(private.clone(), json!({"use": "enc"})),
                &but(private.clone(), json!({"kty": "AKP"})),
            ] {
                let set = parse_jwks(&json!({"keys": [ec(), private]}).to_string());
                let refused = matches!(
                    set,
                    Err(KeySetError::Key {
                        error: KeyError::Private,
                        ..
                    })
                );
                assert!(refused, "{private}");
            }
        }
    }
}

#[test]
fn a_number_in_a_key_has_one_spelling_and_the_full_length() {
    use KeyError::{Malformed, Missing, NotOnCurve, RsaExponent};
    let bytes = decode(X);
    let padded = |zeros: usize, text: &str| encode([vec![0; zeros], decode(text)].concat());
    for (jwk, members, expected) in [
        (rsa(), json!({"n": null}), Missing("n")),
        (rsa(), json!({"n": 1}), Malformed("n")),
        (rsa(), json!({"n": format!("{N}==")}), Malformed("n")),
        (rsa(), json!({"n": format!("{N}\n")}), Malformed("n")),
        (rsa(), json!({"n": N.replace("oQ", "oR")}), Malformed("n")),
        (rsa(), json!({"n": padded(1, N)}), Malformed("n")),
        (rsa(), json!({"e": padded(1, "AQAB")}), RsaExponent),
        (ec(), json!({"x": null}), Missing("x")),
        (ec(), json!({"y": null}), Missing("y")),
        (ec(), json!({"x": encode(&bytes[1..])}), Malformed("x")),
        (ec(), json!({"x": padded(1, X)}), Malformed("x")),
        (ec(), json!({"y": padded(1, Y)}), Malformed("y")),
        (ec(), json!({"y": ""}), Malformed("y")),
        (ec(), json!({"x": X.replace('U', "V")}), Malformed("x")),
        // Both below the prime, but the point is not on the curve.
        (ec(), json!({"x": Y, "y": X}), NotOnCurve),
        (
            ec(),
            json!({"x": encode([0; 32]), "y": encode([0; 32])}),
            NotOnCurve,
        ),
        // x + p is the same point, for who reduces it first; it has no such spelling in 32 bytes
        // here.
        (ec(), json!({"x": encode([0xff; 32])}), NotOnCurve),
        (okp(), json!({"x": null}), Missing("x")),
        (
            okp(),
            json!({"x": encode(&decode(ED)[1..])}),
            Malformed("x"),
        ),
        (okp(), json!({"x": padded(1, ED)}), Malformed("x")),
        (okp(), json!({"x": ""}), Malformed("x")),
    ] {
        assert_eq!(
            judge(&but(jwk, members.clone())),
            Err(expected),
            "{members}"
        );
    }
}

#[test]
fn rsa_has_2048_to_4096_bits_and_one_exponent() {
    let modulus = |n: &[u8]| judge(&but(rsa(), json!({"n": encode(n)})));
    // Any odd number without small factors will do; the last bytes are tried until it is one.
    let with_bits = |bits: usize| {
        let mut n = vec![0x5a; bits.div_ceil(8)];
        let unused = n.len() * 8 - bits;
        n[0] = 0xff >> unused;
        (0..=255).find_map(|last| {
            *n.last_mut().unwrap() = last;
            modulus(&n)
                .err()
                .is_none_or(|error| error != KeyError::RsaWeak)
                .then(|| modulus(&n))
        })
    };
    for (bits, expected) in [
        (1024, Err(KeyError::RsaSize)),
        (2040, Err(KeyError::RsaSize)),
        (2047, Err(KeyError::RsaSize)),
        (2048, Ok(Algorithm::RS256)),
        (3072, Ok(Algorithm::RS256)),
        (4096, Ok(Algorithm::RS256)),
        (4097, Err(KeyError::RsaSize)),
        (8192, Err(KeyError::RsaSize)),
    ] {
        assert_eq!(with_bits(bits), Some(expected), "{bits}");
    }
    assert_eq!(modulus(&[]), Err(KeyError::RsaSize));
    for exponent in ["", "AA", "AQ", "Aw", "EQ", "AQAA", "AQABAA", "AQAAAAAAAAAB"] {
        let refused = judge(&but(rsa(), json!({"e": exponent})));
        assert_eq!(refused, Err(KeyError::RsaExponent), "{exponent}");
    }
}

#[test]
fn a_weak_rsa_modulus_is_refused() {
    let modulus = |n: &[u8]| judge(&but(rsa(), json!({"n": encode(n)})));
    let good = decode(N);
    assert_eq!(modulus(&good), Ok(Algorithm::RS256));
    // Many, as most even numbers have another small factor too.
    for byte in 0..=255 {
        let mut even = good.clone();
        even[100] = byte;
        *even.last_mut().unwrap() ^= 1;
        assert_eq!(modulus(&even), Err(KeyError::RsaWeak), "{byte}");
    }
    // Of 3 odd numbers in a row one is divisible by 3.
    let refused = [0_u8, 2, 4].map(|more| {
        let mut n = good.clone();
        *n.last_mut().unwrap() += more;
        modulus(&n).is_err()
    });
    assert!(refused.contains(&true));
    // CVE-2017-15361: a power of 65537, here the 128th, looks like one modulo every small prime.
    let mut power = vec![1_u8];
    for _ in 0..128 {
        let mut shifted = [power.clone(), vec![0, 0]].concat();
        let mut carry = 0_u16;
        let low = power.iter().rev().chain(std::iter::repeat(&0));
        for (byte, other) in shifted.iter_mut().rev().zip(low) {
            carry += u16::from(*byte) + u16::from(*other);
            *byte = carry as u8;
            carry >>= 8;
        }
        power = shifted;
    }
    assert_eq!(power.len(), 257);
    assert_eq!(modulus(&power), Err(KeyError::RsaWeak));
}

#[test]
fn a_bad_edwards_point_is_refused() {
    let with = |low: u8, middle: u8, high: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (low, high);
        point
    };
    let order_8: [u8; 32] = decode("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU")
        .try_into()
        .unwrap();
    let order_8_too: [u8; 32] = decode("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o")
        .try_into()
        .unwrap();
    for (y, expected) in [
        (with(0, 0, 0), KeyError::SmallOrder),
        (with(1, 0, 0), KeyError::SmallOrder),
        (with(0xec, 0xff, 0x7f), KeyError::SmallOrder),
        (order_8, KeyError::SmallOrder),
        (order_8_too, KeyError::SmallOrder),
        // The prime itself and above: other spellings of 0, 1, and of points of full order.
        (with(0xed, 0xff, 0x7f), KeyError::NotOnCurve),
        (with(0xee, 0xff, 0x7f), KeyError::NotOnCurve),
        (with(0xf0, 0xff, 0x7f), KeyError::NotOnCurve),
        (with(0xff, 0xff, 0x7f), KeyError::NotOnCurve),
        // There is no point with this y.
        (with(2, 0, 0), KeyError::NotOnCurve),
    ] {
        // The top bit is the sign of x.
        for sign in [0, 0x80] {
            let mut point = y;
            point[31] |= sign;
            let refused = judge(&but(okp(), json!({"x": encode(point)})));
            assert_eq!(refused, Err(expected), "{point:02x?}");
        }
    }
    assert_eq!(
        judge(&but(okp(), json!({"x": encode(with(3, 0, 0))}))),
        Ok(Algorithm::EdDSA)
    );
}

#[test]
fn a_secret_is_long_and_is_no_key() {
    use KeyError::{SecretIsKey, SecretRepeats, SecretTooShort, WrongAlgorithm};
    let judge = |secret: &[u8], algorithm| Key::from_secret(secret, algorithm).err();
    for (algorithm, least) in [
        (Algorithm::HS256, 32),
        (Algorithm::HS384, 48),
        (Algorithm::HS512, 64),
    ] {
        assert_eq!(judge(&SECRET[..least], algorithm), None);
        assert_eq!(judge(&SECRET[..least - 1], algorithm), Some(SecretTooShort));
        assert_eq!(judge(b"", algorithm), Some(SecretTooShort));
        assert_eq!(judge(&vec![b' '; least], algorithm), Some(SecretRepeats));
        assert_eq!(judge(&[0; 200], algorithm), Some(SecretRepeats));
    }
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        assert_eq!(judge(SECRET, algorithm), Some(WrongAlgorithm));
    }
    let der = |length: u16| [&[0x30, 0x82][..], &length.to_be_bytes(), &decode(N)].concat();
    let jwk = rsa().to_string();
    let set = format!("\n{} ", json!({"keys": [rsa()]}));
    for key in [
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----"
            .as_bytes(),
        b"junk before -----BEGIN CERTIFICATE----- and after",
        jwk.as_bytes(),
        set.as_bytes(),
        &der(256),
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6wd ada@example.org",
        b" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDGvR0",
        b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY",
        b"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2gu",
        b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5AAAAIE6wd",
    ] {
        assert_eq!(judge(key, Algorithm::HS256), Some(SecretIsKey), "{key:?}");
    }
    // A secret that begins as a key does by chance is one.
    for secret in [
        &der(255)[..],
        b"0.correct horse battery staple, 32+ and a few more",
        b"ssh-keys and other secrets of mine: 32+",
    ] {
        assert_eq!(judge(secret, Algorithm::HS256), None, "{secret:?}");
    }
    let short = json!({"kty": "oct", "alg": "HS512", "k": encode(&SECRET[..63])});
    assert_eq!(super::jwk::judge(&short), Err(SecretTooShort));
}

fn set(keys: Value) -> Result<Vec<String>, KeySetError> {
    let keys = parse_jwks(&json!({"keys": keys}).to_string())?;
    Ok(keys
        .iter()
        .filter_map(Key::key_id)
        .map(str::to_owned)
        .collect())
}

#[test]
fn a_set_leaves_out_what_is_for_something_else() {
    let others = [
        but(rsa(), json!({"use": "enc", "kid": "r"})),
        but(rsa(), json!({"use": null, "key_ops": ["encrypt"]})),
        but(rsa(), json!({"alg": "RSA-OAEP-256"})),
        but(ec(), json!({"crv": "P-521", "alg": "ES512"})),
        but(okp(), json!({"crv": "X25519", "alg": "ECDH-ES"})),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
    ];
    for other in &others {
        assert_eq!(
            set(json!([other, rsa(), ec()])),
            Ok(vec!["r".into(), "e".into()]),
            "{other}"
        );
        assert_eq!(set(json!([other])), Err(KeySetError::Empty), "{other}");
    }
    assert_eq!(set(json!([])), Err(KeySetError::Empty));
}

#[test]
fn a_set_with_a_bad_key_is_refused_and_says_which() {
    let refused = |key, position, key_id: Option<&str>, error| {
        let key_id = key_id.map(str::to_owned);
        let expected = KeySetError::Key {
            position,
            key_id,
            error,
        };
        let keys = if position == 1 {
            json!([key])
        } else {
            json!([ec(), key])
        };
        assert_eq!(set(keys), Err(expected), "{key}");
    };
    refused(oct(), 2, Some("s"), KeyError::Secret);
    refused(
        json!({"kty": "oct", "use": "enc"}),
        1,
        None,
        KeyError::Secret,
    );
    refused(
        but(rsa(), json!({"e": "Aw"})),
        2,
        Some("r"),
        KeyError::RsaExponent,
    );
    refused(
        but(rsa(), json!({"e": "Aw", "kid": null})),
        1,
        None,
        KeyError::RsaExponent,
    );
    refused(
        but(okp(), json!({"x": encode([0; 32])})),
        2,
        Some("o"),
        KeyError::SmallOrder,
    );
    refused(
        but(ec(), json!({"alg": "ES384"})),
        1,
        Some("e"),
        KeyError::WrongAlgorithm,
    );
    refused(json!({}), 1, None, KeyError::Missing("kty"));
    refused(but(rsa(), json!({"kid": ""})), 1, None, KeyError::KeyId);
}

#[test]
fn a_kid_and_an_algorithm_name_one_key_of_a_set() {
    // One name for keys of several algorithms.
    let of_rsa = but(rsa(), json!({"kid": "e"}));
    assert_eq!(
        set(json!([ec(), of_rsa])),
        Ok(vec!["e".to_owned(), "e".to_owned()])
    );
    // One RSA key that is listed once for each of its algorithms.
    let pss = but(rsa(), json!({"alg": "PS256"}));
    assert_eq!(
        set(json!([rsa(), pss])),
        Ok(vec!["r".to_owned(), "r".to_owned()])
    );
    // The same key twice, with and without a name, and without the algorithm that it has anyway.
    assert_eq!(set(json!([ec(), ec()])), Ok(vec!["e".to_owned()]));
    let same = but(rsa(), json!({"alg": null, "x5t": "certificate"}));
    assert_eq!(set(json!([rsa(), same])), Ok(vec!["r".to_owned()]));
    let nameless = but(ec(), json!({"kid": null}));
    assert_eq!(set(json!([nameless, nameless])).unwrap().len(), 1);
    // Two different keys of one name and one algorithm.
    let other = but(
        ec(),
        json!({"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}),
    );
    let refused = set(json!([ec(), other]));
    assert_eq!(refused, Err(KeySetError::DuplicateKeyId("e".into())));
}

#[test]
fn a_set_is_a_strict_object_with_an_array_of_objects() {
    for (text, expected) in [
        ("{}", KeySetError::NotASet),
        (r#"{"keys":{}}"#, KeySetError::NotASet),
        (r#"{"keys":[1]}"#, KeySetError::NotASet),
        ("[]", KeySetError::Json(JsonError::NotAnObject)),
        (
            r#"{"keys":[],"keys":[]}"#,
            KeySetError::Json(JsonError::DuplicateKey),
        ),
        (
            r#"{"keys":[{"kid":"a","kid":"b"}]}"#,
            KeySetError::Json(JsonError::DuplicateKey),
        ),
    ] {
        assert_eq!(parse_jwks(text).err(), Some(expected), "{text}");
    }
}

#[test]
fn errors_name_the_key_and_show_nothing_of_it() {
    let bad = but(rsa(), json!({"e": "Aw", "kid": "line\nbreak"}));
    let error = set(json!([bad])).unwrap_err().to_string();
    assert_eq!(
        error,
        r#"key 1 ("line\nbreak"): the RSA exponent is not 65537"#
    );
}
