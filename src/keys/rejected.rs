//! Why a token is refused. For the server's log: a client is told [`TokenRejected::is_expired`] at
//! most.

use authguard_token::TokenError;
use std::fmt;

/// One variant a rule; none holds anything of the token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenRejected {
    /// The token itself breaks a rule.
    Token(TokenError),
    /// No claim `iss`.
    NoIssuer,
    /// Claim `iss` is that of no trusted issuer.
    UnknownIssuer,
    /// The issuer has no key with that `kid`, or none of that algorithm.
    UnknownKey,
    /// The token has no `kid` and more than one key could have signed it.
    AmbiguousKey,
    /// The key is revoked.
    RevokedKey,
    /// The key's row is no key, or its secret is missing: after a restore, it has to be set again.
    BrokenKey,
    /// Claim `role` is not one that the issuer may assert.
    Role,
    /// A time that `timestamptz` cannot hold.
    TimeRange,
    /// It holds characters that the database's encoding cannot.
    Encoding,
    /// Revoked; only `auth.verify` refuses for it.
    Revoked,
}

impl TokenRejected {
    /// Whether the token was good once.
    pub fn is_expired(self) -> bool {
        self == Self::Token(TokenError::Expired)
    }

    /// Whether time alone can make the token good.
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
            Self::RevokedKey => "the key is revoked",
            Self::BrokenKey => "the key of the issuer is missing or damaged; register it again",
            Self::Role => "claim \"role\" is not one that the issuer may assert",
            Self::TimeRange => "a time is out of range",
            Self::Encoding => "it has characters that the database's encoding cannot hold",
            Self::Revoked => "the token is revoked",
        })
    }
}
