//! The origin of claims.
//!
//! If `authguard.jwt` holds a token, only that token counts, even if it is invalid. Anybody may set
//! it, because its signature decides. Otherwise the claims are those of the gateway, in
//! `request.jwt.claims`. They are believed if the login role, which a client cannot choose, is a
//! superuser or in `authguard.gateway_roles`.

use crate::keys::{self, TokenRejected};
use crate::pg::{catalog, jsonb, shortage};
use crate::request;
use crate::settings;
use authguard_token::{
    Claims, ClaimsError, LeaderDecision, Object, RevocationReason, TokenError, memory_for_json,
};
use pgrx::pg_sys::Oid;
use std::rc::Rc;

/// The origin of claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The claims are believed because of a token's signature.
    Token,
    /// The claims are believed because of the gateway.
    Gateway,
}

/// The reason for which claims are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsRejected {
    /// The session user is neither a superuser nor in `authguard.gateway_roles`.
    NotAGateway,
    /// The text is longer than `authguard.max_claims_size`.
    TooLarge,
    /// The text is not in the encoding of the database.
    Encoding,
    /// The claims have a time that `timestamptz` cannot hold.
    TimeRange,
    /// The text is not acceptable as claims.
    Claims(ClaimsError),
    /// The token in `authguard.jwt` is not accepted.
    Token(TokenRejected),
}

/// Claims as they were set, before any of their content is read.
#[derive(Debug)]
pub struct RawClaims<'t> {
    pub origin: Origin,
    /// The text. Readers get none of it before it is believed.
    text: &'t [u8],
    /// An error if the text must not be read at all. A token may be read, because its content
    /// decides.
    pub believed: Result<(), ClaimsRejected>,
}

impl<'t> RawClaims<'t> {
    /// The part of the text that tells it from another text. A text that is too long is refused
    /// whatever it contains. So only this part of it is kept: a transaction may set one such text
    /// after the other.
    pub fn mark(&self) -> &'t [u8] {
        let most = match self.origin {
            Origin::Token => settings::max_token_size(),
            Origin::Gateway => settings::max_claims_size(),
        };
        &self.text[..self.text.len().min(most + 1)]
    }

    /// The claims, parsed and as `jsonb`, if they are believed at `now` (microseconds since 1970).
    pub fn read(&self, now: i64) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
        self.believed.clone()?;
        if self.origin == Origin::Token {
            let good = keys::verify(self.text, now).map_err(ClaimsRejected::Token)?;
            return Ok((good.claims.clone(), Rc::clone(&good.json)));
        }
        self.parse()
    }

    /// The claims as the leader of this worker has read them.
    pub fn read_as(
        &self,
        told: &LeaderDecision,
        now: i64,
    ) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
        if told.accepted {
            return match self.origin {
                Origin::Token => {
                    keys::verified_by_leader(self.text, told.user).map_err(ClaimsRejected::Token)
                }
                Origin::Gateway => self.parse(),
            };
        }
        if told.reason == Some(RevocationReason::Expired) {
            let expired = TokenRejected::Token(TokenError::Expired);
            return Err(ClaimsRejected::Token(expired));
        }
        match self.read(now) {
            Err(ClaimsRejected::Token(cause)) if !cause.is_expired() => {
                Err(ClaimsRejected::Token(cause))
            }
            Err(cause) if self.origin == Origin::Gateway => Err(cause),
            _ => Err(match self.origin {
                Origin::Token => ClaimsRejected::Token(TokenRejected::ByLeader),
                Origin::Gateway => ClaimsRejected::NotAGateway,
            }),
        }
    }

    fn parse(&self) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
        let text = std::str::from_utf8(self.text).map_err(|_| ClaimsRejected::Encoding)?;
        if !catalog::can_hold(text) {
            return Err(ClaimsRejected::Encoding);
        }
        shortage::require(memory_for_json(text));
        let object = Object::parse(text).map_err(ClaimsError::Json);
        let object = object.map_err(ClaimsRejected::Claims)?;
        let claims = Claims::read(&object).map_err(ClaimsRejected::Claims)?;
        Ok((claims, jsonb::encode(&object).into()))
    }
}

/// Returns `read` of the claims that are set; `None` stands for no claims. An empty text counts as
/// no claims: `set_config(…, true)` leaves it behind at the end of its transaction.
pub fn with_set<R>(session_user: Oid, read: impl FnOnce(Option<RawClaims<'_>>) -> R) -> R {
    request::with_token(|token| {
        if !token.is_empty() {
            return read(Some(RawClaims {
                origin: Origin::Token,
                text: token.to_bytes(),
                believed: Ok(()),
            }));
        }
        request::with_claims(|claims| {
            if claims.is_empty() {
                return read(None);
            }
            let text = claims.to_bytes();
            let believed = if !is_gateway(session_user) {
                Err(ClaimsRejected::NotAGateway)
            } else if text.len() > settings::max_claims_size() {
                Err(ClaimsRejected::TooLarge)
            } else {
                Ok(())
            };
            read(Some(RawClaims {
                origin: Origin::Gateway,
                text,
                believed,
            }))
        })
    })
}

/// Returns true if `session_user` may set claims that are believed.
fn is_gateway(session_user: Oid) -> bool {
    catalog::is_superuser(session_user)
        || catalog::role_name(session_user)
            .is_some_and(|name| request::gateway_roles().contains(&name))
}
