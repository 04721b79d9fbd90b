//! The secret behind the refresh tokens of one database.

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, Tag, sign};
use zeroize::Zeroizing;

use crate::key::KeyError;

/// Keeps these MACs apart from anything else that the bytes of a key may ever sign.
const DOMAIN: &[u8] = b"authguard refresh token\0";

/// 32 random bytes that sign refresh tokens (HMAC-SHA-256).
///
/// `Debug` shows nothing of the key. It is zeroed when it is dropped.
///
/// Neither the token nor the row names its key. While keys change there are two, and trying both
/// costs a microsecond. The old key stays as long as its tokens are wanted; removing it ends all of
/// them.
#[derive(Clone)]
pub struct RefreshKey {
    bytes: Zeroizing<[u8; Self::BYTES]>,
    /// The same, ready to sign: aws-lc zeroes it when it is dropped.
    ready: Key,
}

impl RefreshKey {
    /// The length of a key, in bytes.
    pub const BYTES: usize = 32;

    fn new(bytes: Zeroizing<[u8; Self::BYTES]>) -> Self {
        let ready = Key::new(HMAC_SHA256, bytes.as_slice());
        Self { bytes, ready }
    }

    /// Makes a key from the system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Generate`]: there is no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Generate)?;
        Ok(Self::new(bytes))
    }

    /// Takes a key as it was stored; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes
            .try_into()
            .ok()
            .map(|bytes| Self::new(Zeroizing::new(bytes)))
    }

    /// Returns the key, to store it.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.bytes
    }

    pub(super) fn sign(&self, message: &[u8]) -> Tag {
        sign(&self.ready, &[DOMAIN, message].concat())
    }
}

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshKey").finish_non_exhaustive()
    }
}
