//! Our own issuer: its public keys for others, and the tokens that it signs.

use super::trust::{self, KeyRow};
use crate::error::Error;
use crate::settings;
use authguard_token::SigningKey;
use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::{Value, json};

/// The public keys that verify our tokens, as a JWK set.
#[pg_extern(sql = false)]
fn authguard_jwks() -> JsonB {
    let keys: Vec<Value> = trust::keys(&settings::issuer(), None)
        .iter()
        .filter(|row| row.status != "revoked")
        .filter_map(|row| serde_json::from_str(row.jwk.as_deref()?).ok())
        .collect();
    JsonB(json!({ "keys": keys }))
}

/// Signs claims as they are with the active key.
#[pg_extern(sql = false)]
fn authguard_sign(claims: JsonB) -> String {
    let (row, key) = signing_key().unwrap_or_else(|| Error::NoSigningKey.raise());
    key.sign(&claims.0.to_string(), &row.kid)
        .unwrap_or_else(|_| Error::NoSigningKey.raise())
}

fn signing_key() -> Option<(KeyRow, SigningKey)> {
    let rows = trust::keys(&settings::issuer(), None);
    let row = rows.into_iter().find(|row| row.status == "active")?;
    let private = trust::secret(row.credential.as_deref()?)?;
    let key = SigningKey::from_pkcs8_der(&private).ok()?;
    Some((row, key))
}

#[pg_extern(sql = false)]
fn authguard_own_issuer() -> String {
    settings::issuer()
}

#[pg_extern(sql = false)]
fn authguard_own_audience() -> String {
    settings::audience()
}
