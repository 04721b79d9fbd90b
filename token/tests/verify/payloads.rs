//! A good signature over JSON that is a trap: each is refused, or means one thing only.

use authguard_token::{ClaimsError, JsonError, TokenError};

use crate::signers::{PAYLOAD, all, of};
use authguard_token::Algorithm::{ES256, EdDSA, HS256, RS256};

const CLAIMS: [(&str, &str); 6] = [
    ("iss", r#""https://issuer.example""#),
    ("sub", r#""alice""#),
    ("aud", r#""api""#),
    ("exp", "1700003600"),
    ("iat", "1700000000"),
    ("jti", r#""t-1""#),
];

/// Good claims with this one in the place of its namesake, or added. Its value is text, as it
/// stands.
pub fn with(name: &str, value: &str) -> String {
    let others = CLAIMS.iter().filter(|(other, _)| *other != name);
    let members: Vec<_> = others
        .chain([&(name, value)])
        .map(|(name, value)| format!("{name:?}:{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The answer for a payload signed with each kind of key.
pub fn judge(payload: &str) -> Option<TokenError> {
    let answers = [HS256, ES256, EdDSA, RS256].map(|algorithm| {
        let signer = of(algorithm);
        signer.judge(&signer.signed(signer.header(), payload)).err()
    });
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{payload}: {answers:?}"
    );
    answers[0]
}

fn json(error: JsonError) -> Option<TokenError> {
    Some(TokenError::Claims(ClaimsError::Json(error)))
}

#[test]
fn a_key_that_occurs_twice_is_refused_in_header_and_payload() {
    let twice =
        |name: &str, value: &str| PAYLOAD.replacen('{', &format!("{{\"{name}\":{value},"), 1);
    for (name, value) in CLAIMS {
        assert_eq!(
            judge(&twice(name, value)),
            json(JsonError::DuplicateKey),
            "{name}"
        );
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        assert_eq!(
            judge(&twice(&escaped, value)),
            json(JsonError::DuplicateKey),
            "{escaped}"
        );
    }
    for nested in [
        r#"{"a":1,"a":2}"#,
        r#"[{"a":1,"a":1}]"#,
        r#"{"b":[[{"c":{"d":0,"d":0}}]]}"#,
    ] {
        assert_eq!(
            judge(&with("app_metadata", nested)),
            json(JsonError::DuplicateKey),
            "{nested}"
        );
    }
    for signer in all() {
        for name in ["alg", "kid", "typ", "x"] {
            let value = format!("\"{}\"", signer.algorithm);
            let other = signer
                .header()
                .replacen('{', &format!("{{\"{name}\":{value},"), 1);
            let header = if name == "x" {
                other.replace("\"x\"", "\"x\":1,\"x\"")
            } else {
                other
            };
            let refused = signer.judge(&signer.signed(&header, PAYLOAD)).err();
            assert_eq!(
                refused,
                Some(TokenError::Header(JsonError::DuplicateKey)),
                "{header}"
            );
        }
    }
}

#[test]
fn numbers_that_would_become_one_or_grow_are_refused() {
    for number in [
        "18446744073709551616",
        "18446744073709551617",
        "18446744073709551618",
        "-9223372036854775809",
        "100000000000000000000000000000",
        "1e131071",
        "-1e131071",
        "1E+131071",
        "1e-131071",
        "1e309",
        "-1e309",
        "1e99999999999999999999",
        "0e99999",
    ] {
        for name in ["sub", "exp", "iat", "nbf", "n", "app_metadata"] {
            assert_eq!(
                judge(&with(name, number)),
                json(JsonError::Number),
                "{name}: {number}"
            );
        }
        let many = vec![number; 150].join(",");
        assert_eq!(
            judge(&with("n", &format!("[{many}]"))),
            json(JsonError::Number)
        );
    }
    let long = format!("0.{}1", "0".repeat(70));
    assert_eq!(judge(&with("n", &long)), json(JsonError::Number));
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "0x10",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "--1",
        "1_000",
    ] {
        assert_eq!(
            judge(&with("n", number)),
            json(JsonError::Syntax),
            "{number}"
        );
    }
    for number in [
        "18446744073709551615",
        "-9223372036854775808",
        "1.5e300",
        "-0",
        "5e-324",
    ] {
        assert_eq!(judge(&with("n", number)), None, "{number}");
    }
}

#[test]
fn text_that_postgres_cannot_hold_is_refused() {
    for text in [
        r"\u0000",
        r"a\u0000b",
        r"\ud800",
        r"\udc00",
        r"\udbff\ud800",
        r"\ud800a",
        r"\udc00\ud800",
        r"\uD83D\u0041",
        r"\ud83d\\ude00",
    ] {
        let value = format!("\"{text}\"");
        for name in ["sub", "n", "role"] {
            assert_eq!(
                judge(&with(name, &value)),
                json(JsonError::Character),
                "{name}: {text}"
            );
        }
        let key = format!("{{{value}:1}}");
        assert_eq!(
            judge(&with("n", &key)),
            json(JsonError::Character),
            "{text}"
        );
    }
    for text in ["\0", "\u{1}", "\n", "\u{1f}"] {
        assert_eq!(
            judge(&with("n", &format!("\"{text}\""))),
            json(JsonError::Syntax),
            "{text:?}"
        );
    }
    assert_eq!(judge(&with("n", r#""\ud83d\ude00 \u0001 \uffff""#)), None);
    for bytes in [
        &b"{\"sub\":\"\xff\"}"[..],
        b"{\"sub\":\"\xed\xa0\x80\"}",
        b"\xff\xfe{\0}\0",
        b"{\"a\":\"\xc0\x80\"}",
    ] {
        let signer = of(HS256);
        let refused = signer.judge(&signer.signed(signer.header(), bytes)).err();
        assert_eq!(refused, Some(TokenError::PayloadNotText));
    }
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let nested = |open: &str, close: &str, depth: usize| {
        with(
            "n",
            &format!("{}0{}", open.repeat(depth), close.repeat(depth)),
        )
    };
    // The object of the claims is the first level.
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert_eq!(judge(&nested(open, close, 15)), None);
        assert_eq!(judge(&nested(open, close, 16)), json(JsonError::TooDeep));
        assert_eq!(judge(&nested(open, close, 900)), json(JsonError::TooDeep));
        let unclosed = with("n", &open.repeat(1000));
        assert_eq!(judge(&unclosed), json(JsonError::TooDeep));
    }
}

#[test]
fn a_payload_is_one_object_and_nothing_else() {
    let cut = &PAYLOAD[..PAYLOAD.len() - 1];
    for (payload, error) in [
        ("", JsonError::NotAnObject),
        ("null", JsonError::NotAnObject),
        ("[]", JsonError::NotAnObject),
        ("\"{}\"", JsonError::NotAnObject),
        (&format!("[{PAYLOAD}]"), JsonError::NotAnObject),
        (&format!("\u{feff}{PAYLOAD}"), JsonError::NotAnObject),
        (&format!("{PAYLOAD}{PAYLOAD}"), JsonError::Syntax),
        (&format!("{PAYLOAD} x"), JsonError::Syntax),
        (&format!("{PAYLOAD}\0"), JsonError::Syntax),
        (&format!("\u{c}{PAYLOAD}"), JsonError::Syntax),
        (cut, JsonError::Syntax),
        (&format!("{cut},}}"), JsonError::Syntax),
        (&format!("{cut},\"a\":1 /* x */}}"), JsonError::Syntax),
        (&format!("{cut},'a':1}}"), JsonError::Syntax),
        (&format!("{cut},a:1}}"), JsonError::Syntax),
    ] {
        assert_eq!(judge(payload), json(error), "{payload:?}");
    }
}
