//! The reasons why a token is refused, one variant a rule, for the server's log and for tests.
//!
//! A client gets one message for all of them. No variant carries anything of the token.

use std::fmt;

use crate::claims::ClaimsError;
use crate::json::JsonError;
use crate::key::MAX_KEY_ID_BYTES;

/// One of the three parts of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The protected header.
    Header,
    /// The payload: the claims.
    Payload,
    /// The signature.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// The reason why a token is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than the caller allows.
    TooLong,
    /// Not three parts with a point between them.
    NotThreeParts,
    /// A part is not canonical base64url.
    Encoding(Part),
    /// The header is longer than [`crate::MAX_HEADER_BYTES`], decoded.
    HeaderTooLong,
    /// The header is not one JSON object within the limits.
    Header(JsonError),
    /// A header parameter is not a string, or is missing and required.
    HeaderText(&'static str),
    /// A header parameter that is refused with any value: `crit`, `b64`, `zip`, or `cty` of a JWT.
    HeaderForbidden(&'static str),
    /// `alg` is `none`, in any case.
    AlgorithmNone,
    /// `alg` is unknown.
    AlgorithmUnknown,
    /// `kid` is longer than 256 bytes.
    KeyIdTooLong,
    /// The payload is not UTF-8.
    PayloadNotText,
    /// The payload is not an object of acceptable claims.
    Claims(ClaimsError),
    /// `aud` is neither a string nor an array of strings.
    AudienceType,
    /// `alg` is not the algorithm of the key.
    AlgorithmMismatch,
    /// The signature is not this key's for this token.
    Signature,
    /// `typ` is not one of the issuer's.
    Type,
    /// `events` announces events (RFC 8417): the token is no access token, whatever its `typ`.
    Events,
    /// `iss` is not the issuer of the key.
    Issuer,
    /// A required claim is absent or null.
    Missing(&'static str),
    /// `aud` names none of the audiences.
    Audience,
    /// `aud` names none of the audiences, or is missing, and neither `client_id` nor `azp` is one
    /// of the issuer's clients.
    Client,
    /// At or past `exp` plus leeway.
    Expired,
    /// Before `nbf` minus leeway.
    NotYetValid,
    /// `iat` is later than now plus leeway.
    IssuedInFuture,
    /// `exp` minus `iat` is more than the issuer may give.
    LifetimeTooLong,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the token is too long",
            Self::NotThreeParts => "the token does not have three parts",
            Self::Encoding(part) => return write!(f, "the {part} is not canonical base64url"),
            Self::HeaderTooLong => "the header is too long",
            Self::Header(error) => return write!(f, "the header cannot be read: {error}"),
            Self::HeaderText(name) => {
                return write!(f, "header parameter \"{name}\" is not a string");
            }
            Self::HeaderForbidden(name) => {
                return write!(f, "header parameter \"{name}\" is not accepted");
            }
            Self::AlgorithmNone => "the token is not signed (\"alg\" is \"none\")",
            Self::AlgorithmUnknown => "\"alg\" is not a known algorithm",
            Self::KeyIdTooLong => {
                return write!(f, "\"kid\" is longer than {MAX_KEY_ID_BYTES} bytes");
            }
            Self::PayloadNotText => "the payload is not UTF-8",
            Self::Claims(error) => return error.fmt(f),
            Self::AudienceType => "claim \"aud\" is neither a string nor an array of strings",
            Self::AlgorithmMismatch => "\"alg\" is not the algorithm of the key",
            Self::Signature => "the signature does not verify",
            Self::Type => "\"typ\" is not one that the issuer may use",
            Self::Events => "the token announces events, and is no access token",
            Self::Issuer => "claim \"iss\" is not the issuer of the key",
            Self::Missing(name) => return write!(f, "claim \"{name}\" is missing"),
            Self::Audience => "claim \"aud\" names none of the issuer's audiences",
            Self::Client => {
                "neither claim \"aud\" nor \"client_id\" nor \"azp\" names what the issuer is trusted for"
            }
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet (\"nbf\")",
            Self::IssuedInFuture => "the token was issued in the future (\"iat\")",
            Self::LifetimeTooLong => "the token lives longer than the issuer may give it",
        })
    }
}

impl std::error::Error for TokenError {}

impl From<ClaimsError> for TokenError {
    fn from(error: ClaimsError) -> Self {
        Self::Claims(error)
    }
}
