//! A signed token with claims (RFC 7519): from its text to claims that may be believed.
//!
//! The payload is parsed once, before the signature is checked, because `iss` says whose key to
//! look up. So [`Token`] shows `iss`, `kid` and `alg`, and hides the claims until
//! [`Token::verify`].

use std::fmt;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::claim_names::ClaimNames;
use crate::claims::{Claims, ClaimsError, Recipient};
use crate::error::TokenError;
use crate::json::{JsonError, Node, Object};
use crate::jws::Jws;
use crate::key::Key;
use crate::policy::Policy;

/// A token whose form is good. Its signature is not checked yet.
pub struct Token<'t> {
    jws: Jws<'t>,
    json: String,
    claims: Claims,
    recipient: Recipient,
}

/// The content of a token whose signature and policy are good.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    /// The claims that decide something.
    pub claims: Claims,
    /// The payload as it was signed: one JSON object that `jsonb` accepts.
    pub json: String,
}

impl<'t> Token<'t> {
    /// Reads a token. A text of more than `max_bytes` is refused unread.
    ///
    /// # Errors
    /// [`TokenError`] for the form, the header or the claims.
    pub fn parse(text: &'t str, max_bytes: usize) -> Result<Self, TokenError> {
        Self::parse_with(text, max_bytes, |_| ())
    }

    /// As [`Token::parse`], and shows all claims to `see`. They must not be believed before
    /// [`Token::verify`].
    ///
    /// # Errors
    /// As [`Token::parse`].
    pub fn parse_with(
        text: &'t str,
        max_bytes: usize,
        see: impl FnOnce(&Object<'_>),
    ) -> Result<Self, TokenError> {
        let mut jws = Jws::parse(text, max_bytes)?;
        let payload = jws.take_payload();
        let json = String::from_utf8(payload).map_err(|_| TokenError::PayloadNotText)?;
        let object = Object::parse(&json).map_err(ClaimsError::Json)?;
        let (claims, recipient) = Claims::read_with_recipient(&object, None)?;
        see(&object);
        Ok(Self {
            jws,
            json,
            claims,
            recipient,
        })
    }

    /// Returns `iss`, as the sender says.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.issuer.as_deref()
    }

    /// Returns `kid`: at most 256 bytes, as the sender chose them.
    pub fn key_id(&self) -> Option<&str> {
        self.jws.key_id()
    }

    /// Returns `alg`, as the sender says.
    pub fn algorithm(&self) -> Algorithm {
        self.jws.algorithm()
    }

    /// Returns `typ`, as the sender says.
    pub fn kind(&self) -> Option<&str> {
        self.jws.kind()
    }

    /// Returns the claims, read by the names of the issuer, as the sender says: to explain a
    /// refusal, never to believe them.
    ///
    /// # Errors
    /// [`TokenError::Claims`].
    pub fn unverified_claims(&self, names: Option<&Arc<ClaimNames>>) -> Result<Claims, TokenError> {
        match names {
            None => Ok(self.claims.clone()),
            Some(names) => Ok(self.read_by(names)?.0),
        }
    }

    /// Reads the claims once more: whose names they are was known only after the token was read.
    fn read_by(&self, names: &Arc<ClaimNames>) -> Result<(Claims, Recipient), TokenError> {
        let object = Object::parse(&self.json).map_err(ClaimsError::Json)?;
        Ok(Claims::read_with_recipient(&object, Some(names))?)
    }

    /// Returns the strings in `aud`, and the clients: `client_id`, `azp`, and where the issuer's
    /// names say that the client is. All as the sender says.
    ///
    /// # Errors
    /// [`TokenError::Claims`].
    pub fn unverified_recipients(
        &self,
        names: Option<&Arc<ClaimNames>>,
    ) -> Result<(Vec<String>, Vec<String>), TokenError> {
        let listed = |of: &Recipient| (of.audience.names().to_vec(), of.clients.clone());
        match names {
            None => Ok(listed(&self.recipient)),
            Some(names) => Ok(listed(&self.read_by(names)?.1)),
        }
    }

    /// Checks the signature alone.
    ///
    /// # Errors
    /// As [`Jws::verify`].
    pub fn check_signature(&self, key: &Key) -> Result<(), TokenError> {
        self.jws.verify(key)
    }

    /// Checks `typ` alone.
    ///
    /// # Errors
    /// [`TokenError::Type`].
    pub fn check_type(&self, policy: &Policy) -> Result<(), TokenError> {
        policy.check_type(self.jws.kind())
    }

    /// Checks alone for whom the token is.
    ///
    /// # Errors
    /// [`TokenError`] for `aud` and the client.
    pub fn check_recipient(&self, policy: &Policy) -> Result<(), TokenError> {
        match &policy.names {
            None => policy.check_recipient(&self.recipient),
            Some(names) => policy.check_recipient(&self.read_by(names)?.1),
        }
    }

    /// Checks the signature, then the policy. `now` is microseconds since 1970.
    ///
    /// # Errors
    /// [`TokenError`]: nothing of the token may be used.
    pub fn verify(self, key: &Key, policy: &Policy, now: i64) -> Result<Verified, TokenError> {
        match self.verify_expired(key, policy, now)? {
            (_, true) => Err(TokenError::Expired),
            (verified, false) => Ok(verified),
        }
    }

    /// As [`Token::verify`], for a token that may have expired: returns whether it has.
    ///
    /// # Errors
    /// As [`Token::verify`], but never [`TokenError::Expired`].
    pub fn verify_expired(
        self,
        key: &Key,
        policy: &Policy,
        now: i64,
    ) -> Result<(Verified, bool), TokenError> {
        self.jws.verify(key)?;
        let by_names = match &policy.names {
            None => None,
            Some(names) => Some(self.read_by(names)?),
        };
        let (claims, recipient) = by_names.unwrap_or((self.claims, self.recipient));
        policy.check(self.jws.kind(), &claims, &recipient)?;
        policy.check_other_times(&claims, now)?;
        let has_expired = policy.has_expired(&claims, now);
        let json = self.json;
        Ok((Verified { claims, json }, has_expired))
    }

    /// Returns the content of a token that was verified elsewhere, with its claims read by the
    /// names of its issuer. For a parallel worker only, whose leader has verified this very text
    /// for this very statement.
    ///
    /// # Errors
    /// [`TokenError::Claims`].
    pub fn verified_by_leader(
        self,
        names: Option<&Arc<ClaimNames>>,
    ) -> Result<Verified, TokenError> {
        let claims = match names {
            None => self.claims,
            Some(names) => self.read_by(names)?.0,
        };
        Ok(Verified {
            claims,
            json: self.json,
        })
    }
}

/// Returns the claims of a token that the caller is about to sign itself, with `typ: JWT`, if it
/// would be believed at some time. Never call it for a payload from elsewhere.
///
/// # Errors
/// [`TokenError`] for the claims: the token would be refused, whatever the time.
pub fn own_claims(payload: &Node<'_>, policy: &Policy) -> Result<Claims, TokenError> {
    payload.check().map_err(ClaimsError::Json)?;
    let Node::Object(payload) = payload else {
        return Err(ClaimsError::Json(JsonError::NotAnObject).into());
    };
    let (claims, recipient) = Claims::read_with_recipient(payload, policy.names.as_ref())?;
    policy.check(None, &claims, &recipient)?;
    policy.check_lifetime(&claims)?;
    Ok(claims)
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}
