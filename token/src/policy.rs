//! The rules for an issuer's tokens: `typ`, `iss`, `sub`, `aud` and the times.

use std::sync::Arc;

use crate::claim_names::ClaimNames;
use crate::claims::{Audience, Claims, Recipient};
use crate::error::TokenError;
use crate::event_token::is_event_type;
use crate::header::media_type;
use crate::time::MICROS_PER_SECOND;

/// The greatest leeway, seconds. A greater one counts as this.
pub const MAX_LEEWAY_SECONDS: i64 = 300;

/// The type of a token without `typ` (RFC 7519 section 5.1 recommends this name).
const USUAL_TYPE: &str = "JWT";

/// The rules for the tokens of one issuer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// `iss`, byte by byte.
    pub issuer: String,
    /// One of these must be in `aud`.
    pub audience: Vec<String>,
    /// A token whose `aud` names none of the audiences, or that has none, must have one of these as
    /// its `client_id` or `azp`, or where the names say that the client is. With neither audience
    /// nor client, no token is accepted.
    pub client_ids: Vec<String>,
    /// `typ` must be one of these. If it is absent it counts as `JWT`: so the ID tokens of an
    /// issuer of access tokens only (`at+jwt`, RFC 9068 section 4) are not believed. Case and the
    /// prefix `application/` do not matter (RFC 7515 section 4.1.9).
    pub types: Vec<String>,
    /// The longest time from `iat` to `exp`, seconds. If it is set, `iat` is required: otherwise a
    /// token could have any age.
    pub max_lifetime: Option<i64>,
    /// How far clocks may differ, seconds, 0 to [`MAX_LEEWAY_SECONDS`].
    pub leeway: i64,
    /// Where the issuer keeps what the readers return; `None` for where the standards have it.
    pub names: Option<Arc<ClaimNames>>,
}

impl Policy {
    /// Returns the rules with the default types (`JWT`, and `at+jwt` of RFC 9068), no longest
    /// lifetime and no leeway.
    pub fn new(issuer: impl Into<String>, audience: Vec<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience,
            client_ids: Vec::new(),
            types: vec!["JWT".to_owned(), "at+jwt".to_owned()],
            max_lifetime: None,
            leeway: 0,
            names: None,
        }
    }

    /// Checks the times only, as at every statement. `now` is microseconds.
    ///
    /// # Errors
    /// [`TokenError`] for `exp`, `nbf`, `iat` or the lifetime; [`TokenError::Expired`] only if
    /// nothing else is wrong.
    pub fn check_times(&self, claims: &Claims, now: i64) -> Result<(), TokenError> {
        self.check_other_times(claims, now)?;
        match self.has_expired(claims, now) {
            true => Err(TokenError::Expired),
            false => Ok(()),
        }
    }

    /// Checks the times, but not whether the token has expired by now.
    pub(crate) fn check_other_times(&self, claims: &Claims, now: i64) -> Result<(), TokenError> {
        let latest = now.saturating_add(self.leeway_micros());
        if claims.not_before.is_some_and(|start| start > latest) {
            return Err(TokenError::NotYetValid);
        }
        if claims.is_issued_after(now, self.leeway.clamp(0, MAX_LEEWAY_SECONDS)) {
            return Err(TokenError::IssuedInFuture);
        }
        self.check_lifetime(claims)
    }

    /// Checks what holds for the times of a token at any moment.
    pub(crate) fn check_lifetime(&self, claims: &Claims) -> Result<(), TokenError> {
        let expires = claims.expires_at.ok_or(TokenError::Missing("exp"))?;
        if let Some(longest) = self.max_lifetime {
            let issued = claims.issued_at.ok_or(TokenError::Missing("iat"))?;
            if expires.saturating_sub(issued) > micros(longest) {
                return Err(TokenError::LifetimeTooLong);
            }
        }
        Ok(())
    }

    /// Returns true if the token is at or past `exp` plus leeway.
    pub(crate) fn has_expired(&self, claims: &Claims, now: i64) -> bool {
        let expires = claims.expires_at.unwrap_or(i64::MIN);
        now >= expires.saturating_add(self.leeway_micros())
    }

    fn leeway_micros(&self) -> i64 {
        micros(self.leeway.clamp(0, MAX_LEEWAY_SECONDS))
    }

    /// Checks everything but the times.
    pub(crate) fn check(
        &self,
        kind: Option<&str>,
        claims: &Claims,
        recipient: &Recipient,
    ) -> Result<(), TokenError> {
        self.check_type(kind)?;
        if recipient.announces_events {
            return Err(TokenError::Events);
        }
        match &claims.issuer {
            None => return Err(TokenError::Missing("iss")),
            Some(issuer) if *issuer != self.issuer => return Err(TokenError::Issuer),
            Some(_) => {}
        }
        if claims.subject.is_none() {
            return Err(TokenError::Missing("sub"));
        }
        self.check_recipient(recipient)
    }

    pub(crate) fn check_type(&self, kind: Option<&str>) -> Result<(), TokenError> {
        let kind = kind.unwrap_or(USUAL_TYPE);
        // Whatever the types: an event is no access token.
        if is_event_type(kind) {
            return Err(TokenError::Type);
        }
        let same = |one: &String| media_type(one).eq_ignore_ascii_case(media_type(kind));
        match self.types.iter().any(same) {
            true => Ok(()),
            false => Err(TokenError::Type),
        }
    }

    pub(crate) fn check_recipient(&self, recipient: &Recipient) -> Result<(), TokenError> {
        let missed = match &recipient.audience {
            Audience::WrongType => return Err(TokenError::AudienceType),
            Audience::Absent => TokenError::Missing("aud"),
            Audience::Is(all) if all.iter().any(|one| self.audience.contains(one)) => return Ok(()),
            Audience::Is(_) => TokenError::Audience,
        };
        let is_known = |one: &String| self.client_ids.contains(one);
        match recipient.clients.iter().any(is_known) {
            true => Ok(()),
            false if self.client_ids.is_empty() => Err(missed),
            false => Err(TokenError::Client),
        }
    }
}

fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(MICROS_PER_SECOND)
}
