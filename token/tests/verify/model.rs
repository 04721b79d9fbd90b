//! What an accepted payload says, read a second time in another way.

use authguard_token::{Claims, Verified, parse_object};
use serde_json::Value;
use std::collections::BTreeSet;

use crate::signers::{ISSUER, NOW};

/// The scopes of one of the claims that hold any.
fn scopes<'v>(name: &str, value: &'v Value) -> Vec<&'v str> {
    let is_scope = |scope: &&str| !scope.is_empty() && !scope.contains(' ');
    match value {
        Value::String(list) if name != "permissions" => list.split(' ').filter(is_scope).collect(),
        Value::Array(all) => {
            let texts = all.iter().filter_map(Value::as_str);
            texts.filter(is_scope).collect()
        }
        _ => Vec::new(),
    }
}

/// Asserts that what was accepted is what the text says, and that the policy of the tests was kept.
pub fn check(verified: &Verified) {
    let Verified { claims, json } = verified;
    assert!(
        Claims::parse(json).as_ref() == Ok(claims),
        "read again, it differs"
    );
    // serde_json alone lets the last of two keys win; the strict parser has none twice.
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(Value::Object(parse_object(json).unwrap()), value);
    let text = |name: &str| value[name].as_str();
    assert_eq!(text("iss"), Some(ISSUER));
    assert_eq!(claims.issuer.as_deref(), Some(ISSUER));
    assert_eq!(claims.raw_subject.as_deref(), text("sub"));
    assert!(text("sub").is_some_and(|subject| !subject.is_empty()));
    assert_eq!(claims.role.as_deref(), text("role"));
    assert_eq!(claims.email.as_deref(), text("email"));
    let granted: BTreeSet<&str> = ["scope", "scp", "permissions"]
        .into_iter()
        .flat_map(|name| scopes(name, &value[name]))
        .collect();
    let told = claims.scope.as_deref().unwrap_or_default();
    assert_eq!(
        told.split(' ')
            .filter(|scope| !scope.is_empty())
            .collect::<BTreeSet<_>>(),
        granted
    );
    assert!(granted.iter().all(|scope| claims.has_scope(scope)));
    assert_eq!(claims.jti.is_some(), text("jti").is_some());
    let audience = &value["aud"];
    let names_us =
        |all: &Vec<Value>| all.iter().all(Value::is_string) && all.iter().any(|one| one == "api");
    assert!(
        audience == "api" || audience.as_array().is_some_and(names_us),
        "{audience}"
    );
    let seconds = |name: &str| value[name].as_f64();
    let now = NOW as f64 / 1e6;
    assert!(seconds("exp").is_some_and(|expires| expires > now - 1e-6));
    assert!(seconds("nbf").is_none_or(|start| start < now + 1e-6));
    assert!(seconds("iat").is_none_or(|issued| issued < now + 1e-6));
    let whole = |name: &str| {
        value[name]
            .as_i64()
            .map(|seconds| seconds.saturating_mul(1_000_000))
    };
    for (name, ours) in [
        ("exp", claims.expires_at),
        ("iat", claims.issued_at),
        ("nbf", claims.not_before),
    ] {
        assert!(whole(name).is_none() || whole(name) == ours, "{name}");
        assert_eq!(ours.is_some(), !value[name].is_null(), "{name}");
    }
    let flag = value["app_metadata"].get("access_revoked");
    let is_no = |flag: &Value| {
        flag.is_null()
            || flag.as_bool() == Some(false)
            || flag == "false"
            || flag.as_f64() == Some(0.0)
    };
    assert_eq!(claims.access_revoked, !flag.is_none_or(is_no));
}
