//! Project Wycheproof's vectors for JOSE: each gives the answer that its file lists, or is named
//! here.

use std::collections::BTreeMap;

use authguard_token::{Jws, Key, KeyError, KeySetError, LoginIssuers, parse_jwks};
use serde_json::{Value, json};

use crate::signers::ISSUER;
use crate::vectors::load;

/// A vector whose answer differs from the file's: its number, our answer, and why we are right.
type Deviation = (u64, Result<(), &'static str>, &'static str);

const ONE_ALGORITHM: &str = "one key has one algorithm: the key says PS256, the token PS384";
const NO_P521: &str = "P-521 is not taken, and the key's \"alg\" is a typo for ES512";
const NOT_BASE64URL: &str = "a '?' within base64url: RFC 8725bis section 3.14 wants it refused";
const TWIN: &str =
    "the text is that of 357, which is valid: the bad padding got lost on its way to the file";
const JWE: &str = "an encrypted token, and there is no decryption here";

const SIGNATURE: [Deviation; 8] = [
    (346, Err("AlgorithmMismatch"), ONE_ALGORITHM),
    (347, Err("UnknownCurve"), NO_P521),
    (350, Err("AlgorithmMismatch"), ONE_ALGORITHM),
    (351, Err("UnknownCurve"), NO_P521),
    (367, Ok(()), TWIN),
    (370, Ok(()), TWIN),
    (372, Err("Encoding(Header)"), NOT_BASE64URL),
    (373, Err("Encoding(Payload)"), NOT_BASE64URL),
];
const KEY: [Deviation; 0] = [];
const CRYPTO: [Deviation; 2] = [
    (50, Err("NotForSignatures"), JWE),
    (67, Err("NotForSignatures"), JWE),
];

/// The key or the set that the group gives to a verifier.
fn verifying(group: &Value) -> &Value {
    group.get("public").unwrap_or(&group["private"])
}

fn text(test: &Value) -> String {
    let token = test.get("jws").or_else(|| test.get("jwe")).unwrap();
    match token {
        Value::String(text) => text.clone(),
        // The JSON serialization, as one would hand it over.
        other => other.to_string(),
    }
}

fn answer(group: &Value, test: &Value) -> Result<(), String> {
    let given = verifying(group);
    let text = text(test);
    let key = match given.get("keys") {
        None => single(given)?,
        Some(Value::Array(keys)) if keys.iter().all(|key| key["kty"] == "oct") => {
            let refused = parse_jwks(&given.to_string());
            assert!(matches!(
                refused,
                Err(KeySetError::Key {
                    error: KeyError::Secret,
                    ..
                })
            ));
            secret(keys, &text)?
        }
        Some(_) => {
            let keys = parse_jwks(&given.to_string()).map_err(|error| match error {
                KeySetError::Key { error, .. } => format!("{error:?}"),
                other => format!("{other:?}"),
            })?;
            let jws = parse(&text)?;
            let named = keys.into_iter().find(|key| key.key_id() == jws.key_id());
            named.ok_or("no key of this name")?
        }
    };
    parse(&text)?
        .verify(&key)
        .map_err(|error| format!("{error:?}"))
}

/// The document of a login takes the keys of the group if, and only if, they are a set of public
/// keys. The payloads of the vectors are no claims, so none of their tokens could log in; the
/// signatures of a login are checked by the code that [`answer`] runs.
fn takes_keys_of_a_login(group: &Value) -> bool {
    let given = verifying(group);
    let keys = match given.get("keys") {
        Some(_) => given.clone(),
        None => json!({ "keys": [given] }),
    };
    let document = json!({"issuers": [{
        "issuer": ISSUER, "audience": ["api"], "jwks": keys, "login_roles": {"web": {}},
    }]});
    let taken = LoginIssuers::parse(&document.to_string()).is_ok();
    assert_eq!(taken, parse_jwks(&keys.to_string()).is_ok(), "{keys}");
    taken
}

fn parse(text: &str) -> Result<Jws<'_>, String> {
    Jws::parse(text, 8192).map_err(|error| format!("{error:?}"))
}

fn single(jwk: &Value) -> Result<Key, String> {
    Key::from_jwk(&jwk.to_string()).map_err(|error| format!("{error:?}"))
}

/// A set is of public keys, so a secret is registered alone. That its name is the only one of its
/// issuer is a rule of the tables.
fn secret(keys: &[Value], text: &str) -> Result<Key, String> {
    let jws = parse(text)?;
    let mut named = keys
        .iter()
        .filter(|jwk| jwk["kid"].as_str() == jws.key_id());
    let first = named.next().ok_or("no secret of this name")?;
    if named.next().is_some() {
        return Err("two secrets of one name".to_owned());
    }
    single(first)
}

/// Runs a file: how many tests were valid and invalid, and how often each error was ours.
fn run(file: &str, deviations: &[Deviation]) -> Option<(usize, usize, BTreeMap<String, usize>)> {
    let vectors = load(file)?;
    let mut errors = BTreeMap::new();
    let (mut valid, mut invalid, mut deviated) = (0, 0, 0);
    let mut login_keys = [0; 2];
    for group in vectors["testGroups"].as_array().unwrap() {
        login_keys[usize::from(takes_keys_of_a_login(group))] += 1;
        for test in group["tests"].as_array().unwrap() {
            let number = test["tcId"].as_u64().unwrap();
            let ours = answer(group, test);
            let is_valid = match test["result"].as_str() {
                Some("valid") => true,
                Some("invalid") => false,
                other => panic!("{number}: {other:?}"),
            };
            *if is_valid { &mut valid } else { &mut invalid } += 1;
            if let Some((_, expected, why)) = deviations.iter().find(|(of, ..)| *of == number) {
                assert_eq!(
                    ours,
                    expected.map_err(str::to_owned),
                    "{file} {number}: {why}"
                );
                assert_ne!(ours.is_ok(), is_valid, "{file} {number} is no deviation");
                deviated += 1;
            } else {
                let comment = &test["comment"];
                assert_eq!(
                    ours.is_ok(),
                    is_valid,
                    "{file} {number} {comment}: {ours:?}"
                );
            }
            if let Err(error) = ours {
                *errors.entry(error).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(
        deviated,
        deviations.len(),
        "{file}: each deviation is there"
    );
    assert!(login_keys[0] > 0 && login_keys[1] > 0, "{file}: both kinds");
    assert_eq!(
        vectors["numberOfTests"],
        valid + invalid,
        "{file}: each test was run"
    );
    Some((valid, invalid, errors))
}

/// `(error, times)`, so that a vector is seen when it is refused for another reason than before.
fn table(errors: &[(&str, usize)]) -> BTreeMap<String, usize> {
    errors
        .iter()
        .map(|(error, times)| ((*error).to_owned(), *times))
        .collect()
}

#[test]
fn json_web_signature() {
    let Some(ran) = run("json_web_signature_test.json", &SIGNATURE) else {
        return;
    };
    assert_eq!(
        ran,
        (
            46,
            355,
            table(&[
                ("AlgorithmMismatch", 8),
                ("AlgorithmNone", 5),
                ("Encoding(Header)", 3),
                ("Encoding(Payload)", 6),
                ("Encoding(Signature)", 5),
                ("Header(NotAnObject)", 6),
                ("NotForSignatures", 4),
                ("NotThreeParts", 18),
                ("Signature", 302),
                ("UnknownCurve", 2)
            ])
        )
    );
}

#[test]
fn json_web_key() {
    let Some(ran) = run("json_web_key_test.json", &KEY) else {
        return;
    };
    assert_eq!(
        ran,
        (
            5,
            21,
            table(&[
                ("Empty", 4),
                ("Missing(\"n\")", 1),
                ("NotOnCurve", 1),
                ("RsaExponent", 1),
                ("RsaSize", 1),
                ("RsaWeak", 1),
                ("Secret", 1),
                ("SecretTooShort", 6),
                ("Signature", 1),
                ("UnknownAlgorithm", 2),
                ("WrongAlgorithm", 1),
                ("two secrets of one name", 1)
            ])
        )
    );
}

#[test]
fn json_web_crypto() {
    let Some(ran) = run("json_web_crypto_test.json", &CRYPTO) else {
        return;
    };
    assert_eq!(
        ran,
        (
            6,
            77,
            table(&[
                ("AlgorithmMismatch", 1),
                ("AlgorithmNone", 1),
                ("Header(NotAnObject)", 6),
                ("NotForSignatures", 34),
                ("NotThreeParts", 18),
                ("RsaWeak", 1),
                ("Secret", 1),
                ("Signature", 17)
            ])
        )
    );
}

/// That 367 and 370 deviate by mistake of the file and not of ours.
#[test]
fn two_vectors_are_the_text_of_a_valid_one() {
    let Some(vectors) = load("json_web_signature_test.json") else {
        return;
    };
    let groups = vectors["testGroups"].as_array().unwrap();
    let tests = groups
        .iter()
        .flat_map(|group| group["tests"].as_array().unwrap());
    let of = |number: u64| tests.clone().find(|test| test["tcId"] == number).unwrap();
    for twin in [367, 370] {
        assert_eq!(of(twin)["jws"], of(357)["jws"]);
        assert_eq!(
            (&of(twin)["result"], &of(357)["result"]),
            (&"invalid".into(), &"valid".into())
        );
    }
}
