//! Compact JWS (RFC 7515 section 7.1): three parts, the rules for the header, and the signature.
//! The payload is not read here.

use std::fmt;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::error::{Part, TokenError};
use crate::header::Header;
use crate::key::Key;

/// A text in the form of a signed token. Nothing in it may be believed before [`Jws::verify`].
pub struct Jws<'t> {
    header: Header,
    signed: &'t str,
    signature: &'t str,
    payload: Vec<u8>,
}

impl<'t> Jws<'t> {
    /// Splits the three parts. A text of more than `max_bytes` is refused unread.
    ///
    /// # Errors
    /// [`TokenError`], for the form or the header.
    pub fn parse(text: &'t str, max_bytes: usize) -> Result<Self, TokenError> {
        if text.len() > max_bytes {
            return Err(TokenError::TooLong);
        }
        let three = || {
            let (signed, signature) = text.rsplit_once('.')?;
            let (header, payload) = signed.split_once('.')?;
            Some((signed, header, payload, signature))
        };
        let (signed, header, payload, signature) = three().ok_or(TokenError::NotThreeParts)?;
        let decode = || {
            let header = Header::parse(header)?;
            let bytes = base64url::decode(payload);
            Ok((header, bytes.ok_or(TokenError::Encoding(Part::Payload))?))
        };
        // base64url has no dot, so a fourth part is searched, through the whole payload, only in a
        // bad text.
        let (header, payload) = decode().map_err(|error| match payload.contains('.') {
            true => TokenError::NotThreeParts,
            false => error,
        })?;
        base64url::decode(signature).ok_or(TokenError::Encoding(Part::Signature))?;
        Ok(Self {
            header,
            signed,
            signature,
            payload,
        })
    }

    /// Checks that this key signed the token, with the only algorithm of the key.
    ///
    /// # Errors
    /// [`TokenError::AlgorithmMismatch`] or [`TokenError::Signature`].
    pub fn verify(&self, key: &Key) -> Result<(), TokenError> {
        if self.header.algorithm != key.algorithm() {
            return Err(TokenError::AlgorithmMismatch);
        }
        let verified = jsonwebtoken::crypto::verify(
            self.signature,
            self.signed.as_bytes(),
            key.decoding(),
            key.algorithm().of_crate(),
        );
        match verified {
            Ok(true) => Ok(()),
            _ => Err(TokenError::Signature),
        }
    }

    /// Returns `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }

    /// Returns `kid`: at most 256 bytes, as the sender chose them.
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// Returns `typ`, as sent.
    pub fn kind(&self) -> Option<&str> {
        self.header.kind.as_deref()
    }

    /// Returns the payload, decoded.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn take_payload(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.payload)
    }
}

impl fmt::Debug for Jws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jws").finish_non_exhaustive()
    }
}
