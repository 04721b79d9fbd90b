//! A token that nobody signed is refused, whatever it says of itself.

use authguard_token::{Jws, TokenError};

use crate::signers::{MAX, PAYLOAD, all, decode, encode, parts};

/// What may stand where the signature belongs.
fn no_signatures() -> [Vec<u8>; 9] {
    [
        vec![],
        vec![0],
        vec![0; 32],
        vec![0; 64],
        vec![0xff; 64],
        vec![0; 256],
        b"null".to_vec(),
        b"none".to_vec(),
        b"undefined".to_vec(),
    ]
}

#[test]
fn alg_none_is_refused_in_all_sixteen_cases() {
    let cases = (0..16_u32).map(|upper| {
        let letter = |(place, letter): (usize, char)| match upper >> place & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        "none".chars().enumerate().map(letter).collect::<String>()
    });
    let cases: std::collections::BTreeSet<_> = cases.collect();
    assert_eq!(cases.len(), 16);
    for name in &cases {
        let header = format!(r#"{{"alg":"{name}","typ":"JWT"}}"#);
        for signer in all() {
            // Even a good signature does not help.
            let good = signer.signed(&header, PAYLOAD);
            assert_eq!(
                signer.judge(&good).err(),
                Some(TokenError::AlgorithmNone),
                "{name}"
            );
        }
        for signature in no_signatures() {
            let token = format!(
                "{}.{}.{}",
                encode(&header),
                encode(PAYLOAD),
                encode(signature)
            );
            assert_eq!(
                Jws::parse(&token, MAX).err(),
                Some(TokenError::AlgorithmNone),
                "{token}"
            );
        }
    }
}

#[test]
fn what_is_nearly_none_is_refused() {
    for alg in [
        r#""""#,
        r#"" none""#,
        r#""none ""#,
        r#""none\n""#,
        r#""none\u0000""#,
        r#""n\u006fne""#,
        r#""NULL""#,
        r#""null""#,
        r#""undefined""#,
        r#""nоne""#,
        r#""none256""#,
        r#""HS0""#,
        r#""HS256none""#,
        r#""none,HS256""#,
        "null",
        "false",
        "true",
        "0",
        "[]",
        "{}",
        r#"["none"]"#,
        r#"["HS256"]"#,
        r#"{"alg":"none"}"#,
        r#""*""#,
        r#""RS256\u0000""#,
    ] {
        let header = format!(r#"{{"alg":{alg}}}"#);
        for signer in all() {
            let good = signer.signed(&header, PAYLOAD);
            assert!(signer.judge(&good).is_err(), "{alg}");
        }
        let token = format!("{}.{}.", encode(&header), encode(PAYLOAD));
        assert!(Jws::parse(&token, MAX).is_err(), "{alg}");
    }
    for header in [
        "{}",
        r#"{"typ":"JWT"}"#,
        r#"{"ALG":"none"}"#,
        r#"{"alg ":"none"}"#,
        "null",
        "",
    ] {
        let token = format!("{}.{}.", encode(header), encode(PAYLOAD));
        assert!(Jws::parse(&token, MAX).is_err(), "{header}");
    }
}

#[test]
fn a_missing_or_empty_signature_is_refused() {
    for signer in all() {
        let token = signer.token();
        let [header, payload, _] = parts(&token);
        for signature in no_signatures() {
            let forged = format!("{header}.{payload}.{}", encode(signature));
            assert_eq!(
                signer.judge(&forged).err(),
                Some(TokenError::Signature),
                "{forged}"
            );
        }
        let two = format!("{header}.{payload}");
        assert_eq!(signer.judge(&two).err(), Some(TokenError::NotThreeParts));
        for word in ["null", "none", "undefined", "*"] {
            assert!(signer.judge(&format!("{two}.{word}")).is_err(), "{word}");
        }
    }
}

#[test]
fn a_longer_or_shorter_signature_is_refused() {
    for signer in all() {
        let token = signer.token();
        let [header, payload, signature] = parts(&token);
        let good = decode(signature);
        let length = good.len();
        let with = |bytes: &[u8]| {
            signer
                .judge(&format!("{header}.{payload}.{}", encode(bytes)))
                .err()
        };
        assert_eq!(with(&good), None);
        for cut in 0..length {
            assert_eq!(with(&good[..cut]), Some(TokenError::Signature), "{cut}");
            assert_eq!(
                with(&good[length - cut..]),
                Some(TokenError::Signature),
                "{cut}"
            );
        }
        for zeros in 1..=length {
            let zeros = vec![0; zeros];
            assert_eq!(
                with(&[&zeros[..], &good].concat()),
                Some(TokenError::Signature)
            );
            assert_eq!(
                with(&[&good[..], &zeros].concat()),
                Some(TokenError::Signature)
            );
        }
        assert_eq!(
            with(&[&good[..], &good].concat()),
            Some(TokenError::Signature)
        );
    }
}
