//! The examples of RFC 7520, 7797, 7515 and 8037 as the IETF publishes them in files.

use std::path::Path;

use authguard_token::{Algorithm, JsonError, Jws, Key, KeyError, Part, TokenError};
use serde_json::{Value, json};

use crate::vectors::{folder, load};

/// Every file, so that none is left out: those that are examples here, and those that are none.
const FILES: [&str; 20] = [
    "6.nesting_signatures_and_encryption.json",
    "LICENSE",
    "curve25519/README.md",
    "curve25519/ecdh-es.json",
    "curve25519/jws.json",
    "jwk/3_1.ec_public_key.json",
    "jwk/3_2.ec_private_key.json",
    "jwk/3_3.rsa_public_key.json",
    "jwk/3_4.rsa_private_key.json",
    "jwk/3_5.symmetric_key_mac_computation.json",
    "jwk/3_6.symmetric_key_encryption.json",
    "jws/4_1.rsa_v15_signature.json",
    "jws/4_2.rsa-pss_signature.json",
    "jws/4_3.ecdsa_signature.json",
    "jws/4_4.hmac-sha2_integrity_protection.json",
    "jws/4_5.signature_with_detached_content.json",
    "jws/4_6.protecting_specific_header_fields.json",
    "jws/4_7.protecting_content_only.json",
    "jws/4_8.multiple_signatures.json",
    "rfc7797/README.md",
];
const UNENCODED: [&str; 2] = [
    "rfc7797/4.2.hmac-sha2_b64_false.json",
    "rfc7797/hmac-sha2_b64_false.json",
];

fn cookbook(file: &str) -> Option<Value> {
    load(&format!("rfc7520_cookbook/{file}"))
}

fn list(folder: &Path, below: &str, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &format!("{name}/"), files);
        } else {
            files.push(name);
        }
    }
}

#[test]
fn every_file_is_known() {
    let Some(folder) = folder() else { return };
    let mut files = Vec::new();
    list(&folder.join("rfc7520_cookbook"), "", &mut files);
    files.sort();
    let mut known = [&FILES[..], &UNENCODED].concat();
    known.sort_unstable();
    assert_eq!(files, known);
}

/// The public half of an example's key, with the algorithm that the example uses.
fn public(jwk: &Value, algorithm: &Value) -> Result<Key, KeyError> {
    let mut jwk = jwk.clone();
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        jwk.as_object_mut().unwrap().remove(private);
    }
    jwk["alg"] = algorithm.clone();
    Key::from_jwk(&jwk.to_string())
}

fn verify(token: &str, key: &Key) -> Result<Vec<u8>, TokenError> {
    let jws = Jws::parse(token, 8192)?;
    jws.verify(key)?;
    Ok(jws.payload().to_vec())
}

/// RFC 7520 sections 3.1 to 3.6.
#[test]
fn keys() {
    for (file, expected) in [
        ("3_1.ec_public_key", Err(KeyError::UnknownCurve)),
        ("3_2.ec_private_key", Err(KeyError::Private)),
        ("3_3.rsa_public_key", Ok(Algorithm::RS256)),
        ("3_4.rsa_private_key", Err(KeyError::Private)),
        ("3_5.symmetric_key_mac_computation", Ok(Algorithm::HS256)),
        (
            "3_6.symmetric_key_encryption",
            Err(KeyError::NotForSignatures),
        ),
    ] {
        let Some(jwk) = cookbook(&format!("jwk/{file}.json")) else {
            return;
        };
        let key = Key::from_jwk(&jwk.to_string());
        assert_eq!(
            key.as_ref().map(Key::algorithm).map_err(|error| *error),
            expected,
            "{file}"
        );
        if let Ok(key) = key {
            assert_eq!(key.key_id(), jwk["kid"].as_str(), "{file}");
        }
    }
}

/// RFC 7520 sections 4.1 to 4.4, RFC 8037 appendix A.4: signed as a whole, in the compact form.
#[test]
fn compact_examples() {
    for (file, algorithm) in [
        ("jws/4_1.rsa_v15_signature", Algorithm::RS256),
        ("jws/4_2.rsa-pss_signature", Algorithm::PS384),
        ("jws/4_4.hmac-sha2_integrity_protection", Algorithm::HS256),
        ("curve25519/jws", Algorithm::EdDSA),
    ] {
        let Some(example) = cookbook(&format!("{file}.json")) else {
            return;
        };
        let input = &example["input"];
        let key = public(&input["key"], &input["alg"]).unwrap();
        assert_eq!(key.algorithm(), algorithm, "{file}");
        let token = example["output"]["compact"].as_str().unwrap();
        let payload = input["payload"].as_str().unwrap();
        assert_eq!(
            verify(token, &key).as_deref(),
            Ok(payload.as_bytes()),
            "{file}"
        );
        for form in ["json", "json_flat"] {
            let other = example["output"][form].to_string();
            assert!(
                other.len() > 100 && verify(&other, &key).is_err(),
                "{file}, {form}"
            );
        }
    }
    // P-521 is not taken.
    let Some(example) = cookbook("jws/4_3.ecdsa_signature.json") else {
        return;
    };
    let input = &example["input"];
    assert_eq!(
        public(&input["key"], &json!("ES512")).err(),
        Some(KeyError::UnknownCurve)
    );
    let token = example["output"]["compact"].as_str().unwrap();
    assert_eq!(
        Jws::parse(token, 8192).err(),
        Some(TokenError::AlgorithmUnknown)
    );
}

/// RFC 7520 sections 4.5 to 4.8: content elsewhere, and headers outside the signature.
#[test]
fn other_forms_are_refused() {
    let Some(detached) = cookbook("jws/4_5.signature_with_detached_content.json") else {
        return;
    };
    let key = public(&detached["input"]["key"], &json!("HS256")).unwrap();
    let token = detached["output"]["compact"].as_str().unwrap();
    assert_eq!(verify(token, &key), Err(TokenError::Signature));
    let mut refused = 1;
    for file in [
        "4_6.protecting_specific_header_fields",
        "4_7.protecting_content_only",
        "4_8.multiple_signatures",
    ] {
        let example = cookbook(&format!("jws/{file}.json")).unwrap();
        for form in ["json", "json_flat"] {
            if let Some(token) = example["output"].get(form) {
                let token = token.to_string();
                assert_eq!(
                    verify(&token, &key),
                    Err(TokenError::NotThreeParts),
                    "{file}, {form}"
                );
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 6);

    // The compact form of what has no protected header.
    let content_only = cookbook("jws/4_7.protecting_content_only.json").unwrap();
    let flat = &content_only["output"]["json_flat"];
    let text = |name: &str| flat[name].as_str().unwrap();
    let token = format!(".{}.{}", text("payload"), text("signature"));
    assert_eq!(
        verify(&token, &key),
        Err(TokenError::Header(JsonError::NotAnObject))
    );

    // What is outside the signature does not exist here; the protected part alone is a good token.
    let specific = cookbook("jws/4_6.protecting_specific_header_fields.json").unwrap();
    let flat = &specific["output"]["json_flat"];
    let text = |name: &str| flat[name].as_str().unwrap();
    let token = format!(
        "{}.{}.{}",
        text("protected"),
        text("payload"),
        text("signature")
    );
    assert!(verify(&token, &key).is_ok());
    assert_eq!(Jws::parse(&token, 8192).unwrap().key_id(), None);
}

/// RFC 7520 section 6: the inner token is a good one, the encrypted one around it is refused.
#[test]
fn nested() {
    let Some(example) = cookbook("6.nesting_signatures_and_encryption.json") else {
        return;
    };
    let sign = &example["sign"];
    let key = public(&sign["input"]["key"], &sign["input"]["alg"]).unwrap();
    let inner = sign["output"]["compact"].as_str().unwrap();
    let payload = sign["input"]["payload"].as_str().unwrap();
    assert_eq!(verify(inner, &key).as_deref(), Ok(payload.as_bytes()));
    let encrypt = &example["encrypt"];
    let outer = encrypt["output"]["compact"].as_str().unwrap();
    assert_eq!(verify(outer, &key), Err(TokenError::NotThreeParts));
    // In three parts, its header is no header of a signed token.
    let parts: Vec<_> = outer.split('.').collect();
    let three = parts[..3].join(".");
    assert_eq!(verify(&three, &key), Err(TokenError::AlgorithmUnknown));
    let encryption = &encrypt["input"]["key"];
    assert_eq!(
        public(encryption, &json!("RSA-OAEP")).err(),
        Some(KeyError::NotForSignatures)
    );
}

/// RFC 7797: with `b64` false the signature covers other bytes than the token has.
#[test]
fn unencoded_payloads_are_refused() {
    for (file, expected) in UNENCODED.into_iter().zip([
        TokenError::NotThreeParts,
        TokenError::HeaderForbidden("b64"),
    ]) {
        let Some(example) = cookbook(file) else {
            return;
        };
        let key = public(&example["input"]["key"], &json!("HS256")).unwrap();
        let flat = &example["output"]["json_flat"];
        let text = |name: &str| flat[name].as_str().unwrap();
        let token = format!(
            "{}.{}.{}",
            text("protected"),
            text("payload"),
            text("signature")
        );
        if let Some(compact) = example["output"].get("compact") {
            assert_eq!(compact, &json!(token), "{file}");
        }
        assert_eq!(verify(&token, &key), Err(expected), "{file}");
        // With a payload that is base64url, the header is what refuses.
        let token = format!("{}..{}", text("protected"), text("signature"));
        assert_eq!(
            verify(&token, &key),
            Err(TokenError::HeaderForbidden("b64")),
            "{file}"
        );
    }
}

/// RFC 7515 appendix A, RFC 8037 appendix A.4.
#[test]
fn rfc7515_and_rfc8037() {
    let Some(examples) = load("rfc7515_rfc8037.json") else {
        return;
    };
    let examples = examples.as_array().unwrap();
    assert_eq!(examples.len(), 6);
    for example in examples {
        let token = example["jws"].as_str().unwrap();
        let key = public(&example["jwk"], &example["alg"]);
        let answer =
            verify(token, key.as_ref().unwrap_or(&crate::signers::all()[0].key)).map(|_| ());
        match example["id"].as_str().unwrap() {
            // ES512, which is not taken: valid in the file.
            "RFC7515-A.4" => {
                assert_eq!(key.err(), Some(KeyError::UnknownCurve));
                assert_eq!(answer, Err(TokenError::AlgorithmUnknown));
            }
            "RFC7515-A.5" => assert_eq!(answer, Err(TokenError::AlgorithmNone)),
            id => {
                assert_eq!(example["result"], "valid", "{id}");
                assert_eq!(answer, Ok(()), "{id}");
                // And not with the last character away.
                let cut = verify(&token[..token.len() - 1], &key.unwrap()).map(|_| ());
                assert!(
                    matches!(
                        cut,
                        Err(TokenError::Encoding(Part::Signature) | TokenError::Signature)
                    ),
                    "{id}"
                );
            }
        }
    }
}
