//! The local issuer: its public keys for others, and the tokens that it signs.

use super::rejected::TokenRejected;
use super::verify::try_own;
use super::{credentials, file, subjects, trust};
use crate::error::Error;
use crate::invalidation::{self, PerGeneration};
use crate::pg::{encoding::Utf8, memory, plan, transaction};
use crate::settings;
use authguard_token::{ClaimsError, KeyStatus, Object, SigningKey, TokenError};
use pgrx::prelude::*;
use pgrx::{AnyElement, JsonB};
use serde_json::{Value, json};
use std::rc::Rc;

/// The public keys that verify locally issued tokens, as a JWK set.
#[pg_extern(sql = false)]
fn authguard_jwks() -> JsonB {
    let in_file = file::key().map(|key| key.unwrap_or_else(|error| error.raise()));
    let in_file = in_file.and_then(|key| key.public().to_jwk());
    let in_table = trust::keys(&settings::issuer(), None)
        .into_iter()
        .filter(|row| row.status != KeyStatus::Revoked)
        .filter_map(|row| row.jwk);
    let keys: Vec<Value> = in_file
        .into_iter()
        .chain(in_table)
        .filter_map(|jwk| serde_json::from_str(&jwk).ok())
        .collect();
    JsonB(json!({ "keys": keys }))
}

/// Signs claims (`jsonb`) as they are, if the token would be believed, apart from its times.
#[pg_extern(sql = false)]
fn authguard_sign(claims: AnyElement) -> String {
    let claims = memory::jsonb_text(claims.datum());
    Object::parse(&claims)
        .map_err(|error| TokenRejected::Token(ClaimsError::Json(error).into()))
        .and_then(sign_believed)
        .unwrap_or_else(|cause| Error::BadClaims(cause.to_string()).raise())
}

/// Signs claims if the token would be believed, apart from its times.
pub fn sign_believed(claims: Object<'_>) -> Result<String, TokenRejected> {
    let mut key = key();
    let mut payload = try_own(claims.clone(), key.public());
    for _ in 0..MOST_CHANGES {
        // The key was revoked after it was read. Its successor is there already.
        if !matches!(
            payload,
            Err(TokenRejected::RevokedKey | TokenRejected::UnknownKey)
        ) {
            break;
        }
        transaction::accept_invalidations();
        key = self::key();
        payload = try_own(claims.clone(), key.public());
    }
    if matches!(payload, Err(TokenRejected::Subjects)) {
        subjects::require_own();
    }
    let payload = payload?;
    let kid = key.public().key_id().unwrap_or_default();
    let token = key
        .sign(&payload, kid)
        .unwrap_or_else(|_| Error::NoSigningKey.raise());
    if token.len() > settings::max_token_size() {
        return Err(TokenRejected::Token(TokenError::TooLong));
    }
    Ok(token)
}

/// The number of changes of the key that one signature outlasts.
const MOST_CHANGES: u32 = 10;

/// The key in the file if one is set, otherwise the active key. Raises an error if there is none.
fn key() -> Rc<SigningKey> {
    match file::key() {
        Some(key) => key.unwrap_or_else(|error| error.raise()),
        None => active_key()
            .or_else(newest_key)
            .unwrap_or_else(|| Error::NoSigningKey.raise()),
    }
}

/// The active key, if another transaction is just making it: its row is visible a moment before the
/// invalidation arrives that shows the private key (CommitTransaction in xact.c).
fn newest_key() -> Option<Rc<SigningKey>> {
    (0..MOST_CHANGES).find_map(|_| {
        plan::sleep(0.01);
        transaction::accept_invalidations();
        active_key()
    })
}

/// Returns true if there is a key to sign with.
pub fn can_sign() -> bool {
    file::key().is_some_and(|key| key.is_ok()) || active_key().is_some()
}

static KEY: PerGeneration<(u64, String), Option<Rc<SigningKey>>> =
    PerGeneration::new(|| (invalidation::keys(), settings::issuer()), None);

/// The private key of the active row. It is read once until a key or an issuer changes.
fn active_key() -> Option<Rc<SigningKey>> {
    KEY.get(|| read_active_key(&settings::issuer()).map(Rc::new))
}

/// Reads the private key of the active row. The key's `kid` is its thumbprint, both in the row and
/// in the key.
fn read_active_key(issuer: &str) -> Option<SigningKey> {
    let rows = trust::keys(issuer, None);
    let row = rows
        .into_iter()
        .find(|row| row.status == KeyStatus::Active)?;
    let private = credentials::read(row.credential.as_deref()?)?;
    SigningKey::from_pkcs8_der(&private).ok()
}

/// Raises an error if the keys come from a file.
#[pg_extern(sql = false)]
fn authguard_require_no_key_file() {
    if file::is_set() {
        Error::KeysInFile.raise();
    }
}

#[pg_extern(sql = false)]
fn authguard_own_issuer() -> Utf8 {
    Utf8(settings::issuer())
}

#[pg_extern(sql = false)]
fn authguard_own_audience() -> Utf8 {
    Utf8(settings::audience())
}
