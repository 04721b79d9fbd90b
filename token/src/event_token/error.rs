//! The reasons why an event is refused, one variant a rule, for the server's log and for tests.

use std::fmt;

use super::DeliveryError;
use crate::claims::ClaimsError;
use crate::error::TokenError;

/// The reason why an event is refused. No variant carries anything of the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventError {
    /// A rule that holds for access tokens too: form, header, signature, `aud` and times.
    Token(TokenError),
    /// `typ` is neither `logout+jwt` nor `secevent+jwt`.
    Type,
    /// There is a claim `nonce`: the token is an ID token, or could be taken for one.
    Nonce,
    /// `events` is not an object, is empty, or has a member that is not an object.
    Events,
    /// `typ` is `logout+jwt`, and `events` announces no logout.
    NoLogout,
    /// An event names no subject: a logout neither `sub` nor `sid`.
    NoSubject,
    /// A subject identifier breaks a rule of RFC 9493. The member of it.
    Subject(&'static str),
    /// Two members of the event name different subjects.
    SubjectsDiffer,
    /// `iat` is longer ago than [`super::EVENT_WINDOW_SECONDS`], or so long that the event may have
    /// been received before, and forgotten.
    TooOld,
}

impl EventError {
    /// Returns the reason as the one who delivers the event learns it.
    pub fn delivery_error(self) -> DeliveryError {
        match self {
            Self::Token(TokenError::Audience | TokenError::AudienceType)
            | Self::Token(TokenError::Missing("aud")) => DeliveryError::InvalidAudience,
            Self::Token(TokenError::Issuer | TokenError::Missing("iss")) => {
                DeliveryError::InvalidIssuer
            }
            Self::Token(TokenError::AlgorithmMismatch) => DeliveryError::InvalidKey,
            Self::Token(TokenError::Signature | TokenError::AlgorithmNone) => {
                DeliveryError::AuthenticationFailed
            }
            _ => DeliveryError::InvalidRequest,
        }
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(error) => return error.fmt(f),
            Self::Type => "\"typ\" is neither \"logout+jwt\" nor \"secevent+jwt\"",
            Self::Nonce => "claim \"nonce\" is not allowed in an event",
            Self::Events => "claim \"events\" is not an object of objects",
            Self::NoLogout => "the logout token announces no logout",
            Self::NoSubject => "the event names no subject",
            Self::Subject(name) => {
                return write!(f, "member \"{name}\" of the subject breaks a rule");
            }
            Self::SubjectsDiffer => "two members of the event name different subjects",
            Self::TooOld => "the event was issued too long ago (\"iat\")",
        })
    }
}

impl std::error::Error for EventError {}

impl From<TokenError> for EventError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<ClaimsError> for EventError {
    fn from(error: ClaimsError) -> Self {
        Self::Token(error.into())
    }
}
