//! The causes for which a token is refused, for the server's log. A client learns at most
//! [`TokenRejected::is_expired`].

use authguard_token::{DeliveryError, EventError, TokenError};
use std::fmt;

/// A cause: one variant for each rule. None holds anything of the token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenRejected {
    /// The token itself breaks a rule.
    Token(TokenError),
    /// The token has no claim `iss`.
    NoIssuer,
    /// Claim `iss` names no trusted issuer.
    UnknownIssuer,
    /// The issuer has no key with that `kid`, or none of that algorithm.
    UnknownKey,
    /// The token has no `kid`, and more than one key could have signed it.
    AmbiguousKey,
    /// The claim names in the issuer's row, which somebody has changed by hand, cannot be used.
    BrokenNames,
    /// The key is revoked.
    RevokedKey,
    /// The key's row is no key, or its secret is missing. After a restore, the secret must be set
    /// again.
    BrokenKey,
    /// The local issuer's key is in a file, and another issuer would speak for its users.
    Subjects,
    /// Claim `role` is not one that the issuer may assert.
    Role,
    /// The token has a time that `timestamptz` cannot hold.
    TimeRange,
    /// The token has characters that the database's encoding cannot hold.
    Encoding,
    /// The token is revoked. Only `auth.verify` and `auth.set_token` refuse a token for that.
    Revoked,
    /// The leader of the parallel query has refused the token for this statement.
    ByLeader,
}

impl TokenRejected {
    /// Returns true if the token was good once.
    pub fn is_expired(self) -> bool {
        self == Self::Token(TokenError::Expired)
    }

    /// Returns true if time alone can make the token good.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Token(TokenError::NotYetValid | TokenError::IssuedInFuture)
        )
    }
}

impl fmt::Display for TokenRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(error) => return error.fmt(f),
            Self::NoIssuer => "claim \"iss\" is missing",
            Self::UnknownIssuer => "the issuer is not trusted",
            Self::UnknownKey => "the issuer has no such key",
            Self::AmbiguousKey => "the token names no key, and the issuer has several",
            Self::BrokenNames => {
                "the claim names of the issuer are damaged; call trust_issuer with claims and preset"
            }
            Self::RevokedKey => "the key is revoked",
            Self::BrokenKey => "the key of the issuer is missing or damaged; register it again",
            Self::Subjects => "another issuer would speak for the users of the local issuer",
            Self::Role => "claim \"role\" is not one that the issuer may assert",
            Self::TimeRange => "a time is out of range",
            Self::Encoding => "it has characters that the database's encoding cannot hold",
            Self::Revoked => "the token is revoked",
            Self::ByLeader => "the leader of the parallel query has refused it",
        })
    }
}

/// The cause for which a token with events is refused, for the server's log.
#[derive(Clone, Copy)]
pub enum EventRejected {
    /// The token itself breaks a rule.
    Event(EventError),
    /// Its issuer or its key is not trusted.
    Key(TokenRejected),
    /// Its issuer is trusted, but not for events.
    NotForEvents,
}

impl EventRejected {
    /// The reason as the one who delivers the token learns it.
    pub fn delivery_error(self) -> DeliveryError {
        match self {
            Self::Event(error) => error.delivery_error(),
            Self::NotForEvents => DeliveryError::AccessDenied,
            Self::Key(TokenRejected::UnknownIssuer) => DeliveryError::InvalidIssuer,
            Self::Key(
                TokenRejected::UnknownKey
                | TokenRejected::AmbiguousKey
                | TokenRejected::RevokedKey
                | TokenRejected::BrokenKey
                | TokenRejected::Token(TokenError::AlgorithmMismatch),
            ) => DeliveryError::InvalidKey,
            Self::Key(_) => DeliveryError::InvalidRequest,
        }
    }
}

impl fmt::Display for EventRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(error) => error.fmt(f),
            Self::Key(cause) => cause.fmt(f),
            Self::NotForEvents => f.write_str("the issuer is not trusted for events"),
        }
    }
}

impl From<EventError> for EventRejected {
    fn from(error: EventError) -> Self {
        Self::Event(error)
    }
}

impl From<TokenRejected> for EventRejected {
    fn from(cause: TokenRejected) -> Self {
        Self::Key(cause)
    }
}
