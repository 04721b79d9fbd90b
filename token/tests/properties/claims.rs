//! Of any claims: no panic, no content in an error, identities within the limits and canonical.

use authguard_token::{Claims, MAX_IDENTITY_BYTES, canonical};
use proptest::prelude::*;

fn any_claims() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "sub",
        "iss",
        "jti",
        "session_id",
        "exp",
        "iat",
        "nbf",
        "auth_time",
        "amr",
        "app_metadata",
        "role",
        "scope",
        "is_anonymous",
        "secret",
    ]);
    let value = prop::sample::select(vec![
        "null",
        "true",
        "0",
        "-1.5",
        "1e308",
        "18446744073709551615",
        "18446744073709551616",
        "\"\"",
        "\"secret\"",
        "\"A0EEBC999C0B4EF8BB6D6BB9BD380A11\"",
        "[\"secret\"]",
        "[{\"timestamp\":1e300}]",
        "{\"access_revoked\":\"secret\"}",
        "\"secret\\u0000\"",
        "secret",
        "{\"secret\":1,\"secret\":2}",
    ]);
    let members = prop::collection::vec((name, value), 0..6);
    members.prop_map(|members| {
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn no_claims_panic_and_no_error_shows_them(text in prop_oneof![any_claims(), any_claims(), "(?s).{0,80}"]) {
        match Claims::parse(&text) {
            Ok(claims) => {
                for identity in [&claims.subject, &claims.jti, &claims.issuer].into_iter().flatten() {
                    prop_assert!((1..=MAX_IDENTITY_BYTES).contains(&identity.len()));
                }
                for key in [&claims.subject, &claims.jti].into_iter().flatten() {
                    prop_assert_eq!(canonical(key), key.as_str());
                }
                prop_assert_eq!(claims.subject.is_some(), claims.raw_subject.is_some());
            }
            Err(error) => {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains("secret"));
            }
        }
    }
}
