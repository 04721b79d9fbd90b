//! A good signature over claims that do not hold: audience, times, identities.

use authguard_token::{ClaimProblem, ClaimsError, TokenError};

use crate::payloads::{judge, with};
use crate::signers::NOW;

fn claim(name: &'static str, problem: ClaimProblem) -> Option<TokenError> {
    Some(TokenError::Claims(ClaimsError::Claim { name, problem }))
}

/// RFC 7519 section 4.1.3: a string, or an array of strings, and one of them is ours, exactly.
#[test]
fn an_audience_of_another_type_or_name_is_refused() {
    for (aud, expected) in [
        (r#""api""#, None),
        (r#"["api"]"#, None),
        (r#"["other","api"]"#, None),
        ("null", Some(TokenError::Missing("aud"))),
        ("0", Some(TokenError::AudienceType)),
        ("true", Some(TokenError::AudienceType)),
        (r#"{"api":true}"#, Some(TokenError::AudienceType)),
        (r#"["api",1]"#, Some(TokenError::AudienceType)),
        (r#"["api",null]"#, Some(TokenError::AudienceType)),
        (r#"[["api"]]"#, Some(TokenError::AudienceType)),
        ("[]", Some(TokenError::Audience)),
        (r#""""#, Some(TokenError::Audience)),
        (r#""API""#, Some(TokenError::Audience)),
        (r#""api ""#, Some(TokenError::Audience)),
        (r#""api,other""#, Some(TokenError::Audience)),
        (r#""api other""#, Some(TokenError::Audience)),
        (r#""*""#, Some(TokenError::Audience)),
        (r#"["ap","i"]"#, Some(TokenError::Audience)),
    ] {
        assert_eq!(judge(&with("aud", aud)), expected, "{aud}");
    }
    let without = with("aud", "\"api\"").replace(r#","aud":"api""#, "");
    assert_eq!(judge(&without), Some(TokenError::Missing("aud")));
}

#[test]
fn a_time_is_a_number_and_is_honoured_to_its_ends() {
    use TokenError::{Expired, IssuedInFuture, Missing, NotYetValid};
    let not_number = |name| claim(name, ClaimProblem::NotNumber);
    assert_eq!(NOW, 1_700_000_100_000_000);
    for (name, value, expected) in [
        ("exp", "1700000101", None),
        ("exp", "1700000100", Some(Expired)),
        ("exp", "1700000100.0", Some(Expired)),
        ("exp", "1700000100.000001", None),
        ("exp", "1700000099.999999", Some(Expired)),
        ("exp", "1.7000001e9", Some(Expired)),
        ("exp", "17000001000000e-4", Some(Expired)),
        ("exp", "0", Some(Expired)),
        ("exp", "-0", Some(Expired)),
        ("exp", "-1", Some(Expired)),
        ("exp", "-9223372036854775808", Some(Expired)),
        ("exp", "-1e300", Some(Expired)),
        ("exp", "5e-324", Some(Expired)),
        ("exp", "9223372036854775807", None),
        ("exp", "18446744073709551615", None),
        ("exp", "9223372036855", None),
        ("exp", "1e300", None),
        ("exp", "null", Some(Missing("exp"))),
        ("exp", r#""1700003600""#, not_number("exp")),
        ("exp", r#""""#, not_number("exp")),
        ("exp", "true", not_number("exp")),
        ("exp", "[1700003600]", not_number("exp")),
        ("exp", "{}", not_number("exp")),
        ("nbf", "1700000100", None),
        ("nbf", "1700000100.000001", Some(NotYetValid)),
        ("nbf", "1700000101", Some(NotYetValid)),
        ("nbf", "9223372036854775807", Some(NotYetValid)),
        ("nbf", "1e300", Some(NotYetValid)),
        ("nbf", "-1e300", None),
        ("nbf", "null", None),
        ("nbf", r#""1700000000""#, not_number("nbf")),
        ("iat", "1700000100", None),
        ("iat", "1700000100.000001", Some(IssuedInFuture)),
        ("iat", "18446744073709551615", Some(IssuedInFuture)),
        ("iat", "-1", None),
        ("iat", "null", None),
        ("iat", r#""1700000000""#, not_number("iat")),
        ("iat", "false", not_number("iat")),
        // Milliseconds are a time in the year 55840: honoured as what they say, not guessed.
        ("exp", "1700003600000", None),
        ("iat", "1700000000000", Some(IssuedInFuture)),
    ] {
        assert_eq!(judge(&with(name, value)), expected, "{name}: {value}");
    }
}

#[test]
fn an_identity_is_a_string_and_the_issuer_is_exact() {
    for name in ["iss", "sub", "jti"] {
        for wrong in ["0", "true", "[]", r#"["alice"]"#, "{}"] {
            assert_eq!(
                judge(&with(name, wrong)),
                claim(name, ClaimProblem::NotText),
                "{name}: {wrong}"
            );
        }
        assert_eq!(
            judge(&with(name, r#""""#)),
            claim(name, ClaimProblem::Empty)
        );
        let long = format!("\"{}\"", "a".repeat(1025));
        assert_eq!(
            judge(&with(name, &long)),
            claim(name, ClaimProblem::TooLong)
        );
    }
    assert_eq!(
        judge(&with("sub", "null")),
        Some(TokenError::Missing("sub"))
    );
    assert_eq!(
        judge(&with("iss", "null")),
        Some(TokenError::Missing("iss"))
    );
    for other in [
        "https://issuer.example/",
        "https://ISSUER.example",
        "http://issuer.example",
        " https://issuer.example",
        "https://issuer.example\u{200b}",
        "https://issuer.example.attacker.example",
        "issuer.example",
    ] {
        assert_eq!(
            judge(&with("iss", &format!("\"{other}\""))),
            Some(TokenError::Issuer),
            "{other}"
        );
    }
}
