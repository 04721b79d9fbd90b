//! The members of a JWK that are the same for every type of key (RFC 7517 section 4).

use serde_json::{Map, Value};

use super::KeyError;
use crate::algorithm::Algorithm;
use crate::base64url;

/// The longest `kid`.
pub const MAX_KEY_ID_BYTES: usize = 256;

/// Members that only a private key has (RFC 7518 sections 6.2.2 and 6.3.2, RFC 8037 section 2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// The members of one JWK.
pub(super) struct Members<'j>(pub &'j Map<String, Value>);

impl<'j> Members<'j> {
    /// Returns a member that is absent or a string.
    pub fn text(&self, name: &'static str) -> Result<Option<&'j str>, KeyError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(KeyError::Malformed(name)),
        }
    }

    /// Returns a member that must be present, as canonical base64url, decoded.
    pub fn bytes(&self, name: &'static str) -> Result<Vec<u8>, KeyError> {
        let text = self.text(name)?.ok_or(KeyError::Missing(name))?;
        base64url::decode(text).ok_or(KeyError::Malformed(name))
    }

    /// Returns `alg`, if it is present.
    pub fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let name = self.text("alg")?;
        name.map(|name| Algorithm::from_name(name).ok_or(KeyError::UnknownAlgorithm))
            .transpose()
    }

    pub fn key_id(&self) -> Result<Option<&'j str>, KeyError> {
        match self.text("kid")? {
            Some(kid) if kid.is_empty() || kid.len() > MAX_KEY_ID_BYTES => Err(KeyError::KeyId),
            kid => Ok(kid),
        }
    }

    /// `use` and `key_ops` must say, or leave open, that the key verifies signatures (sections 4.2,
    /// 4.3). Besides `verify` only `sign` is allowed.
    pub fn check_use(&self) -> Result<(), KeyError> {
        if self.text("use")?.is_some_and(|purpose| purpose != "sig") {
            return Err(KeyError::NotForSignatures);
        }
        let Some(operations) = self.0.get("key_ops") else {
            return Ok(());
        };
        let malformed = KeyError::Malformed("key_ops");
        let operations = operations.as_array().ok_or(malformed)?;
        let mut names = operations
            .iter()
            .map(|one| one.as_str().ok_or(malformed))
            .collect::<Result<Vec<_>, _>>()?;
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(malformed);
        }
        match names.as_slice() {
            ["verify"] | ["sign", "verify"] => Ok(()),
            _ => Err(KeyError::NotForSignatures),
        }
    }

    /// Refuses a private key among public ones: whoever can read it there could sign.
    pub fn check_public(&self) -> Result<(), KeyError> {
        if PRIVATE.iter().any(|name| self.0.contains_key(*name)) {
            return Err(KeyError::Private);
        }
        Ok(())
    }
}
