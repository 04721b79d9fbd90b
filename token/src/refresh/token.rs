//! The text of a refresh token: base64url of version, session, counter, MAC and checksum.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, 1 |
//! | 16 | session id |
//! | 8 | counter, big-endian |
//! | 16 | HMAC-SHA-256 of the above, truncated (RFC 2104 section 5: at least half) |
//! | 4 | SHA-256 of the above, truncated: needs no key |
//!
//! 45 bytes are 60 characters with no bit to spare, so a token has one spelling.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use super::key::RefreshKey;
use crate::base64url;

const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 4;
const CHARACTERS: usize = 60;

/// The content of a refresh token. It holds no secret: the MAC is in the text only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefreshToken {
    /// The session.
    pub session_id: [u8; 16],
    /// The session's counter when the token was minted.
    pub counter: u64,
}

impl RefreshToken {
    /// Returns the text of a token. It is a secret: for the client only, never for a log or a
    /// table.
    pub fn mint(key: &RefreshKey, session_id: [u8; 16], counter: u64) -> String {
        let token = Self {
            session_id,
            counter,
        };
        let mut bytes = token.signed_part();
        let mac = key.sign(&bytes);
        bytes.extend(mac.as_ref().iter().take(MAC_BYTES));
        bytes.extend(checksum(&bytes));
        base64url::encode(&bytes)
    }

    /// Reads a text without a key: refuses a text that no key of this crate can have minted.
    ///
    /// # Errors
    /// [`RefreshTokenError`], without anything of the text.
    pub fn read(text: &str) -> Result<Unchecked, RefreshTokenError> {
        if text.len() != CHARACTERS {
            return Err(RefreshTokenError::Form);
        }
        let bytes = base64url::decode(text).ok_or(RefreshTokenError::Form)?;
        if bytes.first() != Some(&VERSION) {
            return Err(RefreshTokenError::Version);
        }
        let (summed, sum) = bytes.split_last_chunk().ok_or(RefreshTokenError::Form)?;
        if checksum(summed) != *sum {
            return Err(RefreshTokenError::Checksum);
        }
        split(summed).ok_or(RefreshTokenError::Form)
    }

    fn signed_part(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.session_id);
        bytes.extend(self.counter.to_be_bytes());
        bytes
    }
}

/// A refresh token whose MAC is not checked yet: its content is unknown until it is verified.
#[derive(Clone)]
pub struct Unchecked {
    token: RefreshToken,
    mac: [u8; MAC_BYTES],
}

impl Unchecked {
    /// Returns the token, if this key minted it. Takes the same time for every MAC.
    pub fn verify(&self, key: &RefreshKey) -> Option<RefreshToken> {
        let expected = key.sign(&self.token.signed_part());
        let expected = expected.as_ref().first_chunk::<MAC_BYTES>()?;
        verify_slices_are_equal(expected, &self.mac).ok()?;
        Some(self.token)
    }
}

impl fmt::Debug for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unchecked").finish_non_exhaustive()
    }
}

/// The reason why a text is no refresh token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefreshTokenError {
    /// Not 60 characters of base64url.
    Form,
    /// An unknown version.
    Version,
    /// The checksum is wrong: cut, mistyped or made up.
    Checksum,
}

impl fmt::Display for RefreshTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "the refresh token is not 60 characters of base64url",
            Self::Version => "the refresh token has an unknown version",
            Self::Checksum => "the refresh token has a wrong checksum",
        })
    }
}

impl std::error::Error for RefreshTokenError {}

fn split(bytes: &[u8]) -> Option<Unchecked> {
    let (_version, rest) = bytes.split_first()?;
    let (session_id, rest) = rest.split_first_chunk()?;
    let (counter, mac) = rest.split_first_chunk()?;
    let token = RefreshToken {
        session_id: *session_id,
        counter: u64::from_be_bytes(*counter),
    };
    let mac = mac.try_into().ok()?;
    Some(Unchecked { token, mac })
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    let hash = digest(&SHA256, bytes);
    sum.iter_mut()
        .zip(hash.as_ref())
        .for_each(|(to, from)| *to = *from);
    sum
}
