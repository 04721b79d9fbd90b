//! The form of a token, its header, and the signature.

use authguard_token::{Algorithm, JsonError, Jws, Key, Part, SigningKey, Token, TokenError};
use serde_json::json;

use crate::support::{HEADER, MAX, SECRET, decode, encode, key, sign_parts, signed};

/// Reads and verifies; the `kid` and `typ` of what was accepted do not matter here.
fn judge(token: &str) -> Result<(), TokenError> {
    Jws::parse(token, MAX)?.verify(&key())
}

#[test]
fn a_token_has_exactly_three_parts() {
    assert_eq!(judge(&signed(HEADER, "{}")), Ok(()));
    let good = signed(HEADER, "{}");
    let (two, _) = good.rsplit_once('.').unwrap();
    for bad in [
        "",
        ".",
        two,
        &format!("{good}."),
        &format!("{good}.e30"),
        &format!(".{good}"),
    ] {
        assert_eq!(judge(bad), Err(TokenError::NotThreeParts), "{bad}");
    }
}

#[test]
fn a_part_has_one_spelling() {
    // The last characters of "{ }" and of 32 bytes carry bits that must be zero.
    let (header, payload) = (encode(r#"{"alg":"HS256"} "#), encode("{ }x"));
    let good = sign_parts(&header, &payload);
    let signature = good.rsplit('.').next().unwrap().to_owned();
    assert_eq!(judge(&good), Ok(()));
    let spoil: [fn(&str) -> String; 8] = [
        |text| format!("{text}="),
        |text| format!("{text}=="),
        |text| format!("{text} "),
        |text| format!("\n{text}"),
        |text| format!("{text}\0"),
        |text| format!("{text}?"),
        |text| text.replacen(char::is_alphanumeric, "+", 1),
        // One bit of the last character that no byte comes from.
        |text| {
            let mut bytes = text.as_bytes().to_vec();
            *bytes.last_mut().unwrap() += 1;
            String::from_utf8(bytes).unwrap()
        },
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let bad_header = sign_parts(&spoil(&header), &payload);
        let bad_payload = sign_parts(&header, &spoil(&payload));
        let bad_signature = format!("{header}.{payload}.{}", spoil(&signature));
        for (bad, part) in [
            (bad_header, Part::Header),
            (bad_payload, Part::Payload),
            (bad_signature, Part::Signature),
        ] {
            assert_eq!(
                judge(&bad),
                Err(TokenError::Encoding(part)),
                "{number}: {bad}"
            );
        }
    }
}

#[test]
fn a_long_token_is_not_looked_at() {
    let token = signed(HEADER, "{}");
    assert!(Jws::parse(&token, token.len()).is_ok());
    let cut = Jws::parse(&token, token.len() - 1).err();
    assert_eq!(cut, Some(TokenError::TooLong));
    assert_eq!(
        Jws::parse(&"!".repeat(9), 8).err(),
        Some(TokenError::TooLong)
    );
}

#[test]
fn a_header_is_judged_before_any_key() {
    use TokenError::{AlgorithmNone, AlgorithmUnknown, HeaderForbidden, HeaderText, KeyIdTooLong};
    let with_key_id = |length| format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(length));
    let (longest, too_long) = (with_key_id(256), with_key_id(257));
    for (header, expected) in [
        (HEADER, Ok(())),
        (r#" { "typ" : "JWT" , "alg" : "HS256" } "#, Ok(())),
        (r#"{"alg":"none"}"#, Err(AlgorithmNone)),
        (r#"{"alg":"None"}"#, Err(AlgorithmNone)),
        (r#"{"alg":"nOnE"}"#, Err(AlgorithmNone)),
        (r#"{"alg":"NONE"}"#, Err(AlgorithmNone)),
        (r#"{"alg":"n\u006fne"}"#, Err(AlgorithmNone)),
        (r#"{"alg":""}"#, Err(AlgorithmUnknown)),
        (r#"{"alg":"none "}"#, Err(AlgorithmUnknown)),
        (r#"{"alg":"hs256"}"#, Err(AlgorithmUnknown)),
        (r#"{"alg":"HS256 "}"#, Err(AlgorithmUnknown)),
        (r#"{"alg":"ES512"}"#, Err(AlgorithmUnknown)),
        (r#"{"alg":"RSA1_5"}"#, Err(AlgorithmUnknown)),
        (r#"{"alg":null}"#, Err(HeaderText("alg"))),
        (r#"{"alg":["HS256"]}"#, Err(HeaderText("alg"))),
        (r#"{"typ":"JWT"}"#, Err(HeaderText("alg"))),
        (r#"{"Alg":"HS256"}"#, Err(HeaderText("alg"))),
        (r#"{}"#, Err(HeaderText("alg"))),
        // Whatever `crit` asks for is an extension, and none is known here.
        (
            r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
            Err(HeaderForbidden("crit")),
        ),
        (r#"{"alg":"HS256","crit":[]}"#, Err(HeaderForbidden("crit"))),
        (
            r#"{"alg":"HS256","crit":null}"#,
            Err(HeaderForbidden("crit")),
        ),
        (
            r#"{"alg":"HS256","b64":false}"#,
            Err(HeaderForbidden("b64")),
        ),
        (r#"{"alg":"HS256","b64":true}"#, Err(HeaderForbidden("b64"))),
        (
            r#"{"alg":"HS256","zip":"DEF"}"#,
            Err(HeaderForbidden("zip")),
        ),
        (
            r#"{"alg":"HS256","cty":"JWT"}"#,
            Err(HeaderForbidden("cty")),
        ),
        (
            r#"{"alg":"HS256","cty":"jwt"}"#,
            Err(HeaderForbidden("cty")),
        ),
        (
            r#"{"alg":"HS256","cty":"Application/Jwt"}"#,
            Err(HeaderForbidden("cty")),
        ),
        (r#"{"alg":"HS256","cty":"json"}"#, Ok(())),
        (r#"{"alg":"HS256","cty":1}"#, Err(HeaderText("cty"))),
        (r#"{"alg":"HS256","typ":null}"#, Err(HeaderText("typ"))),
        (r#"{"alg":"HS256","kid":7}"#, Err(HeaderText("kid"))),
        (r#"{"alg":"HS256","kid":null}"#, Err(HeaderText("kid"))),
        (r#"{"alg":"HS256","kid":""}"#, Ok(())),
        (&longest, Ok(())),
        (&too_long, Err(KeyIdTooLong)),
        // Where a key might come from is nobody's business but the registration's.
        (
            r#"{"alg":"HS256","jku":"https://evil.example","x5u":1,"jwk":{"kty":"oct","k":""},"x5c":[1]}"#,
            Ok(()),
        ),
        (
            r#"{"alg":"HS256","x5t":"","x5t#S256":"","unknown":{"a":1}}"#,
            Ok(()),
        ),
    ] {
        assert_eq!(judge(&signed(header, "{}")), expected, "{header}");
    }
}

#[test]
fn a_header_is_one_strict_object() {
    for (header, error) in [
        (r#"{"alg":"none","alg":"HS256"}"#, JsonError::DuplicateKey),
        (r#"{"alg":"HS256","alg":"HS256"}"#, JsonError::DuplicateKey),
        (
            r#"{"alg":"HS256","\u0061lg":"HS256"}"#,
            JsonError::DuplicateKey,
        ),
        (
            r#"{"alg":"HS256","jwk":{"k":1,"k":2}}"#,
            JsonError::DuplicateKey,
        ),
        (r#"{"alg":"HS256"}{}"#, JsonError::Syntax),
        (r#"{"alg":"HS256",}"#, JsonError::Syntax),
        (r#"["HS256"]"#, JsonError::NotAnObject),
        ("", JsonError::NotAnObject),
        (r#"{"alg":"HS256","kid":"\u0000"}"#, JsonError::Character),
        (r#"{"alg":"HS256","kid":"\ud800"}"#, JsonError::Character),
    ] {
        let refused = judge(&signed(header, "{}"));
        assert_eq!(refused, Err(TokenError::Header(error)), "{header}");
    }
    let not_utf8 = signed(b"{\"alg\":\"HS256\",\"kid\":\"\xff\"}", "{}");
    assert_eq!(judge(&not_utf8), Err(TokenError::Header(JsonError::Syntax)));
}

#[test]
fn a_header_has_at_most_1024_bytes() {
    for (bytes, expected) in [
        (1023, Ok(())),
        (1024, Ok(())),
        (1025, Err(TokenError::HeaderTooLong)),
        (1026, Err(TokenError::HeaderTooLong)),
        (1027, Err(TokenError::HeaderTooLong)),
        (4000, Err(TokenError::HeaderTooLong)),
    ] {
        let header = format!("{HEADER:<bytes$}");
        assert_eq!(judge(&signed(header, "{}")), expected, "{bytes}");
    }
    // Its length is seen before it is decoded: this cannot be.
    let undecodable = "*".repeat(4000);
    assert_eq!(
        judge(&format!("{undecodable}.e30.")),
        Err(TokenError::HeaderTooLong)
    );
}

#[test]
fn a_signature_is_of_every_byte() {
    let good = signed(HEADER, r#"{"sub":"alice"}"#);
    let signature = decode(good.rsplit('.').next().unwrap());
    let message = good.rsplit_once('.').unwrap().0;
    let with = |signature: &[u8]| judge(&format!("{message}.{}", encode(signature)));
    assert_eq!(with(&signature), Ok(()));
    for bit in 0..signature.len() * 8 {
        let mut other = signature.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(with(&other), Err(TokenError::Signature), "bit {bit}");
    }
    for other in [
        &[][..],
        &signature[..31],
        &signature[..16],
        &[&signature[..], &[0]].concat(),
    ] {
        assert_eq!(
            with(other),
            Err(TokenError::Signature),
            "{} bytes",
            other.len()
        );
    }
    let replaced = good.replace(&encode(r#"{"sub":"alice"}"#), &encode(r#"{"sub":"bobby"}"#));
    assert_ne!(replaced, good);
    assert_eq!(judge(&replaced), Err(TokenError::Signature));
}

#[test]
fn zeros_are_no_ecdsa_signature() {
    for (algorithm, bytes) in [(Algorithm::ES256, 64), (Algorithm::ES384, 96)] {
        let key = SigningKey::generate(algorithm).unwrap();
        let good = key.sign("{}", "k").unwrap();
        let message = good.rsplit_once('.').unwrap().0;
        for length in [bytes, bytes - 2, bytes + 2, 0, 8] {
            let forged = format!("{message}.{}", encode(vec![0; length]));
            let verified = Jws::parse(&forged, MAX).unwrap().verify(key.public());
            assert_eq!(
                verified,
                Err(TokenError::Signature),
                "{algorithm}, {length}"
            );
        }
        // The DER form of a good one is none either.
        assert_eq!(decode(good.rsplit('.').next().unwrap()).len(), bytes);
    }
}

#[test]
fn a_key_verifies_with_its_own_algorithm_only() {
    let token = signed(HEADER, "{}");
    let other = Key::from_secret(SECRET, Algorithm::HS384).unwrap();
    let refused = Jws::parse(&token, MAX).unwrap().verify(&other);
    assert_eq!(refused, Err(TokenError::AlgorithmMismatch));
    // The header is not what chooses: a good HS256 signature under another name is no good.
    let renamed = signed(r#"{"alg":"HS384"}"#, "{}");
    assert_eq!(judge(&renamed), Err(TokenError::AlgorithmMismatch));
    let refused = Jws::parse(&renamed, MAX).unwrap().verify(&other);
    assert_eq!(refused, Err(TokenError::Signature));
}

/// RFC 9864 gave Ed25519 a name of its own; both name the same.
#[test]
fn both_names_of_ed25519_are_one_algorithm() {
    let pair = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let jwk = pair.public().to_jwk().unwrap();
    let der = pair.to_pkcs8_der();
    for in_header in ["EdDSA", "Ed25519"] {
        let message = format!("{}.e30", encode(json!({"alg": in_header}).to_string()));
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &jsonwebtoken::EncodingKey::from_ed_der(&der),
            jsonwebtoken::Algorithm::EdDSA,
        );
        let token = format!("{message}.{}", signature.unwrap());
        for in_key in ["EdDSA", "Ed25519"] {
            let key = Key::from_jwk(&jwk.replace("EdDSA", in_key)).unwrap();
            let verified = Jws::parse(&token, MAX).unwrap().verify(&key);
            assert_eq!(verified, Ok(()), "{in_header}, {in_key}");
        }
    }
}

#[test]
fn what_a_token_says_is_known_before_its_signature_is() {
    let header = r#"{"alg":"HS256","kid":"../../key'; drop table","typ":"at+jwt"}"#;
    let text = signed(header, r#"{"iss":"https://issuer.example"}"#);
    let jws = Jws::parse(&text, MAX).unwrap();
    assert_eq!(jws.kind(), Some("at+jwt"));
    let token = Token::parse(&text, MAX).unwrap();
    assert_eq!(token.key_id(), Some("../../key'; drop table"));
    assert_eq!(token.issuer(), Some("https://issuer.example"));
    assert_eq!(token.algorithm(), Algorithm::HS256);
}

#[test]
fn debug_and_errors_show_nothing_of_a_token() {
    let text = signed(r#"{"alg":"HS256","kid":"canary"}"#, r#"{"sub":"canary"}"#);
    let token = Token::parse(&text, MAX).unwrap();
    assert_eq!(format!("{token:?}"), "Token { .. }");
    let jws = format!("{:?}", Jws::parse(&text, MAX).unwrap());
    assert_eq!(jws, "Jws { .. }");
    let key = format!("{:?}", key());
    assert_eq!(key, "Key { algorithm: HS256, key_id: None, .. }");
}
