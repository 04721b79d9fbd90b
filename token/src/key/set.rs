//! A JWK set (RFC 7517 section 5): the public keys of one issuer.

use serde_json::{Map, Value};

use super::members::Members;
use super::{Key, KeyError, KeySetError};
use crate::json::parse_object;

/// Checks a JWK set. Keys for other uses, and of unknown types, curves or algorithms, are left out
/// (section 5). A key that is listed again is left out, too. Two keys may have one `kid` if their
/// algorithms differ: `kid` and `alg` together choose a key (section 4.5). One bad key for
/// signatures refuses the whole set, because its maker may have made others.
///
/// # Errors
/// [`KeySetError`], without key material.
pub fn parse_jwks(json: &str) -> Result<Vec<Key>, KeySetError> {
    let mut set = parse_object(json).map_err(KeySetError::Json)?;
    let Some(Value::Array(entries)) = set.remove("keys") else {
        return Err(KeySetError::NotASet);
    };
    let mut keys: Vec<Key> = Vec::new();
    for (position, entry) in (1..).zip(&entries) {
        let jwk = entry.as_object().ok_or(KeySetError::NotASet)?;
        let Some(key) = usable(jwk).map_err(|error| KeySetError::Key {
            position,
            key_id: Members(jwk).key_id().ok().flatten().map(str::to_owned),
            error,
        })?
        else {
            continue;
        };
        let alike = |other: &&Key| other.key_id == key.key_id && other.algorithm == key.algorithm;
        match keys.iter().find(alike) {
            None => keys.push(key),
            Some(other) if other.public == key.public => {}
            Some(_) => return Err(KeySetError::DuplicateKeyId(key.key_id.unwrap_or_default())),
        }
    }
    if keys.is_empty() {
        return Err(KeySetError::Empty);
    }
    Ok(keys)
}

/// `None` for a key that is good for something else.
fn usable(jwk: &Map<String, Value>) -> Result<Option<Key>, KeyError> {
    let members = Members(jwk);
    if jwk.get("kty").is_some_and(|kind| kind == "oct") {
        return Err(KeyError::Secret);
    }
    members.check_public()?;
    match Key::from_object(jwk) {
        Ok(key) => Ok(Some(key)),
        Err(
            KeyError::UnknownType
            | KeyError::UnknownCurve
            | KeyError::UnknownAlgorithm
            | KeyError::NotForSignatures,
        ) => Ok(None),
        Err(error) => Err(error),
    }
}
