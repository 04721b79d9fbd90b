//! The three parts belong together: moved, left out, written otherwise or mixed, they are refused.

use authguard_token::{Algorithm, TokenError};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::json;

use crate::signers::{PAYLOAD, Signer, all, decode, encode, parts};

#[test]
fn parts_in_another_order_or_number_are_refused() {
    for signer in all() {
        let token = signer.token();
        let [header, payload, signature] = parts(&token);
        let all = ["", header, payload, signature];
        let mut tried = 0;
        let mut refuse = |parts: &[&str]| {
            let other = parts.join(".");
            if other != token {
                tried += 1;
                assert!(
                    signer.judge(&other).is_err(),
                    "{}: {other}",
                    signer.algorithm
                );
            }
        };
        for a in all {
            refuse(&[a]);
            for b in all {
                refuse(&[a, b]);
                for c in all {
                    refuse(&[a, b, c]);
                    for d in all {
                        refuse(&[a, b, c, d]);
                    }
                }
            }
        }
        assert_eq!(tried, 4 + 16 + 64 + 256 - 1);
    }
}

#[test]
fn the_same_bytes_written_otherwise_are_refused() {
    for signer in all() {
        // Bytes that the two alphabets write differently, and a length that wants padding.
        let header = format!(r#"{{"alg":"{}","kid":"???>>>~~~"}}"#, signer.algorithm);
        let payload = PAYLOAD.replace("t-1", "???>>>~~~ÿ");
        let token = signer.signed(&header, &payload);
        assert!(signer.judge(&token).is_ok(), "{}", signer.algorithm);
        for (place, part) in parts(&token).into_iter().enumerate() {
            let bytes = decode(part);
            let escaped: String = part.bytes().map(|byte| format!("%{byte:02x}")).collect();
            for other in [
                STANDARD.encode(&bytes),
                STANDARD_NO_PAD.encode(&bytes),
                URL_SAFE.encode(&bytes),
                encode(part),
                escaped,
                format!("\"{part}\""),
                format!(" {part}"),
                format!("{part}\n"),
            ] {
                if other != part {
                    let mut parts = parts(&token);
                    parts[place] = &other;
                    // As it is, and signed as it is: a lax decoder would take the latter.
                    let [header, payload, _] = parts;
                    let signed = signer.signed_text(&format!("{header}.{payload}"));
                    let others = [parts.join("."), signed];
                    for other in others.iter().take(if place < 2 { 2 } else { 1 }) {
                        let refused = signer.judge(other).is_err();
                        assert!(refused, "{}: {other}", signer.algorithm);
                    }
                }
            }
        }
        assert!(signer.judge(&token.replace('.', "%2E")).is_err());
        assert!(signer.judge(&format!("Bearer {token}")).is_err());
    }
}

/// RFC 7515 section 7.2: the JSON serialization is another form, and none of ours.
#[test]
fn the_json_serialization_is_refused() {
    for signer in all() {
        let token = signer.token();
        let [header, payload, signature] = parts(&token);
        let flat = json!({"protected": header, "payload": payload, "signature": signature});
        let one = json!({"protected": header, "signature": signature});
        let general = json!({"payload": payload, "signatures": [one]});
        for other in [
            flat.to_string(),
            general.to_string(),
            json!(token).to_string(),
        ] {
            assert!(signer.judge(&other).is_err(), "{other}");
        }
    }
}

#[test]
fn parts_of_two_good_tokens_do_not_mix() {
    for signer in all() {
        let other_header = signer.header().replace("k-1", "k-2");
        let one = signer.token();
        let two = signer.signed(other_header, PAYLOAD.replace("alice", "mallory"));
        assert!(signer.judge(&two).is_ok());
        let (one, two) = (parts(&one), parts(&two));
        for choice in 1..7 {
            let pick = |place: usize| if choice >> place & 1 == 0 { one } else { two }[place];
            let mixed = [pick(0), pick(1), pick(2)].join(".");
            let refused = signer.judge(&mixed).err();
            assert_eq!(
                refused,
                Some(TokenError::Signature),
                "{}: {choice}",
                signer.algorithm
            );
        }
    }
}

#[test]
fn an_edit_of_header_or_payload_needs_the_key() {
    for signer in all() {
        let token = signer.token();
        let [header, payload, signature] = parts(&token);
        let stranger = Signer::new(if signer.key.thumbprint().is_some() {
            // RSA keys take long to make; the stranger's algorithm does not matter for the others.
            Algorithm::EdDSA
        } else {
            signer.algorithm
        });
        for edited in [
            signer.header().replace("k-1", "k-2"),
            signer.header().replace("\"JWT\"", "\"at+jwt\""),
            signer
                .header()
                .replace("\"typ\":\"JWT\"", "\"typ\":\"JWT\",\"cty\":\"json\""),
            format!("{} ", signer.header()),
        ] {
            assert_ne!(edited, signer.header());
            // With the right key it is another good token.
            assert!(signer.judge(&signer.signed(&edited, PAYLOAD)).is_ok());
            let kept = format!("{}.{payload}.{signature}", encode(&edited));
            assert_eq!(
                signer.judge(&kept).err(),
                Some(TokenError::Signature),
                "{edited}"
            );
            let by_stranger = stranger.signed(&edited, PAYLOAD);
            assert_eq!(
                signer.judge(&by_stranger).err(),
                Some(TokenError::Signature),
                "{edited}"
            );
        }
        for edited in [
            PAYLOAD.replace("alice", "admin"),
            PAYLOAD.replace("1700003600", "1800003600"),
            PAYLOAD.replace("}", ",\"role\":\"service_role\"}"),
            format!("{PAYLOAD} "),
        ] {
            assert_ne!(edited, PAYLOAD);
            assert!(
                signer
                    .judge(&signer.signed(signer.header(), &edited))
                    .is_ok(),
                "{edited}"
            );
            let kept = format!("{header}.{}.{signature}", encode(&edited));
            assert_eq!(
                signer.judge(&kept).err(),
                Some(TokenError::Signature),
                "{edited}"
            );
            let by_stranger = stranger.signed(signer.header(), &edited);
            assert_eq!(
                signer.judge(&by_stranger).err(),
                Some(TokenError::Signature),
                "{edited}"
            );
        }
    }
}

/// Signed anew by the issuer itself, these are refused all the same.
#[test]
fn a_forbidden_header_is_refused_with_a_good_signature() {
    for signer in all() {
        let name = signer.algorithm.name();
        for (member, named) in [
            (r#""crit":["exp"],"exp":1"#, "crit"),
            (r#""b64":false,"crit":["b64"]"#, "b64"),
            (r#""b64":true"#, "b64"),
            (r#""zip":"DEF""#, "zip"),
            (r#""cty":"JWT""#, "cty"),
        ] {
            let token = signer.signed(format!(r#"{{"alg":"{name}",{member}}}"#), PAYLOAD);
            assert_eq!(
                signer.judge(&token).err(),
                Some(TokenError::HeaderForbidden(named))
            );
        }
    }
}
