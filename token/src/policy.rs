//! The rules for an issuer's tokens: `typ`, `iss`, `sub`, `aud` and the times.

use crate::claims::{Audience, Claims};
use crate::error::TokenError;
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
    /// One of these must be in `aud`. With none, no token is accepted.
    pub audience: Vec<String>,
    /// `typ` must be one of these. If it is absent it counts as `JWT`: so the ID tokens of an
    /// issuer of access tokens only (`at+jwt`, RFC 9068 section 4) are not believed. Case and the
    /// prefix `application/` do not matter (RFC 7515 section 4.1.9).
    pub types: Vec<String>,
    /// The longest time from `iat` to `exp`, seconds. If it is set, `iat` is required: otherwise a
    /// token could have any age.
    pub max_lifetime: Option<i64>,
    /// How far clocks may differ, seconds, 0 to [`MAX_LEEWAY_SECONDS`].
    pub leeway: i64,
}

impl Policy {
    /// Returns the rules with the default types (`JWT`, and `at+jwt` of RFC 9068), no longest
    /// lifetime and no leeway.
    pub fn new(issuer: impl Into<String>, audience: Vec<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience,
            types: vec!["JWT".to_owned(), "at+jwt".to_owned()],
            max_lifetime: None,
            leeway: 0,
        }
    }

    /// Checks the times only, as at every statement. `now` is microseconds.
    ///
    /// # Errors
    /// [`TokenError`] for `exp`, `nbf`, `iat` or the lifetime.
    pub fn check_times(&self, claims: &Claims, now: i64) -> Result<(), TokenError> {
        let leeway = micros(self.leeway.clamp(0, MAX_LEEWAY_SECONDS));
        let expires = claims.expires_at.ok_or(TokenError::Missing("exp"))?;
        if now >= expires.saturating_add(leeway) {
            return Err(TokenError::Expired);
        }
        let latest = now.saturating_add(leeway);
        if claims.not_before.is_some_and(|start| start > latest) {
            return Err(TokenError::NotYetValid);
        }
        if claims.is_issued_after(now, self.leeway.clamp(0, MAX_LEEWAY_SECONDS)) {
            return Err(TokenError::IssuedInFuture);
        }
        if let Some(longest) = self.max_lifetime {
            let issued = claims.issued_at.ok_or(TokenError::Missing("iat"))?;
            if expires.saturating_sub(issued) > micros(longest) {
                return Err(TokenError::LifetimeTooLong);
            }
        }
        Ok(())
    }

    pub(crate) fn check(
        &self,
        kind: Option<&str>,
        claims: &Claims,
        audience: &Audience,
        now: i64,
    ) -> Result<(), TokenError> {
        if !self.is_type(kind.unwrap_or(USUAL_TYPE)) {
            return Err(TokenError::Type);
        }
        match &claims.issuer {
            None => return Err(TokenError::Missing("iss")),
            Some(issuer) if *issuer != self.issuer => return Err(TokenError::Issuer),
            Some(_) => {}
        }
        if claims.subject.is_none() {
            return Err(TokenError::Missing("sub"));
        }
        let is_accepted = |one: &String| self.audience.contains(one);
        match audience {
            Audience::Absent => return Err(TokenError::Missing("aud")),
            Audience::WrongType => return Err(TokenError::AudienceType),
            Audience::Is(all) if !all.iter().any(is_accepted) => return Err(TokenError::Audience),
            Audience::Is(_) => {}
        }
        self.check_times(claims, now)
    }

    fn is_type(&self, kind: &str) -> bool {
        let same = |one: &String| media_type(one).eq_ignore_ascii_case(media_type(kind));
        self.types.iter().any(same)
    }
}

fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(MICROS_PER_SECOND)
}
