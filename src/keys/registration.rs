//! The functions that `sql/keys/trust.sql` and `sql/keys/signing.sql` call before they write a key:
//! they check the key, and keep its secret.

use super::credentials;
use crate::error::Error;
use crate::pg::call::{guarded, raw_function};
use crate::pg::encoding::{Utf8, printable};
use crate::pg::{memory, shortage};
use authguard_token::{
    Algorithm, ClaimNames, Key, KeySetError, SigningKey, format_uuid, memory_for_json, parse_jwks,
};
use pgrx::Uuid;
use pgrx::prelude::*;
use serde_json::Value;

/// The signature keys of a JWK set, each checked.
#[pg_extern(sql = false)]
fn authguard_read_jwks(
    jwks: Utf8,
) -> TableIterator<'static, (name!(kid, Utf8), name!(algorithm, Utf8), name!(jwk, Utf8))> {
    shortage::require(memory_for_json(&jwks));
    let refuse = |error: KeySetError| Error::BadKey(error.to_string(), remedy(&jwks)).raise();
    let keys = parse_jwks(&jwks).unwrap_or_else(refuse);
    let rows: Vec<_> = keys
        .iter()
        .filter_map(|key| {
            Some((
                Utf8(key.key_id()?.to_owned()),
                Utf8(key.algorithm().name().to_owned()),
                Utf8(key.to_jwk()?),
            ))
        })
        .collect();
    TableIterator::new(rows)
}

/// Says what to do with a text that was given for a JWK set, if it is one of the usual mistakes.
fn remedy(text: &str) -> Option<&'static str> {
    let json = serde_json::from_str(text);
    let text = match &json {
        Ok(Value::String(text)) => text,
        _ => text,
    };
    let text = text.trim_start();
    if text.starts_with("http:") || text.starts_with("https:") {
        return Some(
            "This is an address: fetch the document at it, and pass that. A backend fetches nothing.",
        );
    }
    if text.starts_with("-----BEGIN") {
        return Some(
            "This is PEM: convert the public key to a JWK, and pass {\"keys\": [the JWK]}.",
        );
    }
    match json {
        Ok(Value::Object(key)) if key.contains_key("kty") => {
            Some("This is a single key: pass {\"keys\": [the key]}.")
        }
        Ok(Value::Array(_)) => Some("This is an array of keys: pass {\"keys\": the array}."),
        Ok(Value::String(_)) => Some("This is a string: pass the JSON document itself as jsonb."),
        Ok(Value::Object(set)) if set.contains_key("keys") => None,
        _ => Some("Pass the JSON document at the issuer's jwks_uri: {\"keys\": [...]}."),
    }
}

raw_function!(
    /// `authguard.check_claim_names(preset, claims)`.
    authguard_check_claim_names,
    |call| guarded(|| {
        let (preset, claims) = (call.text(0), call.argument(1).map(memory::jsonb_text));
        if let Err(error) = ClaimNames::new(preset.as_deref(), claims.as_deref()) {
            Error::ClaimNames(printable(&error.to_string()), error.hint()).raise();
        }
        pg_sys::Datum::null()
    })
);

/// Raises an error if a secret is not good for an algorithm.
#[pg_extern(sql = false)]
fn authguard_check_secret(secret: &[u8], algorithm: Utf8) {
    let judged = match Algorithm::from_name(&algorithm).filter(|it| it.is_symmetric()) {
        None => Err("the algorithm of a secret is HS256, HS384 or HS512".to_owned()),
        Some(algorithm) => Key::from_secret(secret, algorithm).map_err(|error| error.to_string()),
    };
    if let Err(problem) = judged {
        Error::BadKey(problem, None).raise();
    }
}

#[pg_extern(sql = false)]
fn authguard_keep_credential(credential: Uuid, secret: &[u8]) {
    keep(credential, secret);
}

#[pg_extern(sql = false)]
fn authguard_drop_credential(credential: Uuid) {
    credentials::forget(&format_uuid(credential.as_bytes()));
}

/// Makes a key pair for an algorithm; the private key goes to `credential`.
#[pg_extern(sql = false)]
fn authguard_generate_key(
    algorithm: Utf8,
    credential: Uuid,
) -> TableIterator<'static, (name!(kid, String), name!(jwk, String))> {
    let made = Algorithm::from_name(&algorithm)
        .ok_or_else(|| "an algorithm to sign with is ES256, ES384, EdDSA or RS256".to_owned())
        .and_then(|algorithm| SigningKey::generate(algorithm).map_err(|error| error.to_string()));
    let key = made.unwrap_or_else(|problem| Error::BadKey(problem, None).raise());
    keep(credential, &key.to_pkcs8_der());
    let public = key.public();
    TableIterator::new(
        public
            .key_id()
            .zip(public.to_jwk())
            .map(|(kid, jwk)| (kid.to_owned(), jwk)),
    )
}

fn keep(credential: Uuid, secret: &[u8]) {
    credentials::keep(&format_uuid(credential.as_bytes()), secret);
}
