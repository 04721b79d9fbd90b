//! A key that verifies signatures. It is checked when it is made: a [`Key`] that exists is good.
//!
//! One key has one algorithm (RFC 8725 section 3.1). Keys come from a JWK (RFC 7517) or, for HMAC,
//! from a secret.

mod ec;
mod edwards;
mod error;
mod members;
mod oct;
mod okp;
mod rsa;
mod set;

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::parse_object;

pub use error::{KeyError, KeySetError};
pub use members::MAX_KEY_ID_BYTES;
pub use set::parse_jwks;

use members::Members;

/// A key that verifies signatures of one algorithm.
///
/// `Debug` shows no key material. A secret is zeroed when the key is dropped.
#[derive(Clone)]
pub struct Key {
    algorithm: Algorithm,
    key_id: Option<String>,
    decoding: DecodingKey,
    /// The JWK whose thumbprint RFC 7638 takes: only the required members, in the order of their
    /// names, without blanks. `None` for a secret.
    public: Option<String>,
}

impl Key {
    /// Checks a JWK: a public key, or a secret (`kty` `oct`).
    ///
    /// `alg` is required for a secret. If it is absent for RSA, it counts as RS256, because some
    /// providers leave it out. For other keys it follows from the curve. Unknown members,
    /// certificates too, are ignored.
    ///
    /// # Errors
    /// [`KeyError`], without key material.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        Self::from_object(&parse_object(json).map_err(KeyError::Json)?)
    }

    /// Checks a secret for HMAC that a person may have chosen.
    ///
    /// # Errors
    /// [`KeyError`], without key material.
    pub fn from_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        oct::judge_chosen(secret, algorithm)?;
        Ok(Self::secret(secret, algorithm))
    }

    pub(crate) fn from_object(jwk: &Map<String, Value>) -> Result<Self, KeyError> {
        let members = Members(jwk);
        let kind = members.text("kty")?.ok_or(KeyError::Missing("kty"))?;
        members.check_use()?;
        let mut key = match kind {
            "RSA" => rsa::from_jwk(&members)?,
            "EC" => ec::from_jwk(&members)?,
            "OKP" => okp::from_jwk(&members)?,
            "oct" => oct::from_jwk(&members)?,
            _ => return Err(KeyError::UnknownType),
        }
        .named();
        if let Some(key_id) = members.key_id()? {
            key.key_id = Some(key_id.to_owned());
        }
        Ok(key)
    }

    pub(crate) fn from_ec_point(algorithm: Algorithm, point: &[u8]) -> Result<Self, KeyError> {
        Ok(ec::from_uncompressed(algorithm, point)?.named())
    }

    pub(crate) fn from_ed25519(point: &[u8]) -> Result<Self, KeyError> {
        Ok(okp::from_bytes(point)?.named())
    }

    pub(crate) fn from_rsa(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        Ok(rsa::from_parts(algorithm, n, e)?.named())
    }

    fn named(mut self) -> Self {
        self.key_id = self.thumbprint();
        self
    }

    fn secret(secret: &[u8], algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            key_id: None,
            decoding: DecodingKey::from_secret(secret),
            public: None,
        }
    }

    fn public(algorithm: Algorithm, decoding: DecodingKey, public: String) -> Self {
        Self {
            algorithm,
            key_id: None,
            decoding,
            public: Some(public),
        }
    }

    /// Returns the only algorithm of this key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns `kid`; the [thumbprint](Key::thumbprint) if the JWK has none; `None` for a secret
    /// without one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Returns the RFC 7638 thumbprint (SHA-256, base64url). `None` for a secret: its hash could be
    /// used to guess it.
    pub fn thumbprint(&self) -> Option<String> {
        let public = self.public.as_ref()?;
        Some(base64url::encode(
            digest(&SHA256, public.as_bytes()).as_ref(),
        ))
    }

    /// Returns the public JWK with `kid`, `alg` and `use`, as one text; `None` for a secret.
    ///
    /// [`Key::from_jwk`] makes an equal key from it.
    pub fn to_jwk(&self) -> Option<String> {
        let members = self.public.as_ref()?.strip_prefix('{')?;
        let key_id = Value::from(self.key_id.as_deref()?);
        let algorithm = self.algorithm;
        Some(format!(
            r#"{{"alg":"{algorithm}","kid":{key_id},"use":"sig",{members}"#
        ))
    }

    pub(crate) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
