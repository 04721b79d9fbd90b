//! The origin of claims.
//!
//! If the connection has logged in by token, only that token counts. Otherwise, if `authguard.jwt`
//! holds a token, only that one counts, even if it is invalid. Anybody may set it, because its
//! signature decides. Otherwise the claims are those of the gateway, in
//! `request.jwt.claims`. They are believed if the login role, which a client cannot choose, is a
//! superuser or in `authguard.gateway_roles`.

use crate::invalidation::{self, PerGeneration};
use crate::keys::{self, TokenRejected};
use crate::pg::{catalog, encoding, jsonb, memory, shortage, timestamp, unguarded};
use crate::request;
use crate::settings;
use authguard_token::{
    ClaimNames, Claims, ClaimsError, JsonError, LeaderDecision, Object, RevocationReason,
    TokenError, memory_for_json,
};
use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::Oid;
use std::rc::Rc;
use std::sync::Arc;

/// The origin of claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The claims are believed because of a token's signature.
    Token,
    /// The same, and the token is the one of the login, from Postgres 18 on.
    Login,
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
    /// The gateway's claims were issued in the future.
    IssuedInFuture {
        /// The time from which on they were issued in the past, leeway included, in microseconds.
        until: i64,
        /// True if `iat` must be a number of milliseconds.
        in_milliseconds: bool,
    },
    /// The text is not acceptable as claims.
    Claims(ClaimsError),
    /// `authguard.gateway_claims` cannot be used, so nothing says where the session is.
    GatewayClaims,
    /// The token, in `authguard.jwt` or of the login, is not accepted.
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
            Origin::Token | Origin::Login => settings::max_token_size(),
            Origin::Gateway => settings::max_claims_size(),
        };
        &self.text[..self.text.len().min(most + 1)]
    }

    /// The claims, parsed and as `jsonb`, if they are believed at `now` (microseconds since 1970).
    pub fn read(&self, now: i64) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
        self.believed.clone()?;
        if self.origin != Origin::Gateway {
            let good = keys::verify(self.text, now).map_err(ClaimsRejected::Token)?;
            return Ok((good.claims.clone(), Rc::clone(&good.json)));
        }
        let (claims, json) = read_claims(self.text)?;
        // A statement may be longer than the leeway, and its claims younger than the statement.
        if claims.is_issued_after(unguarded::clock(), settings::leeway()) {
            let leeway = settings::leeway().saturating_mul(1_000_000);
            return Err(ClaimsRejected::IssuedInFuture {
                until: claims
                    .issued_at
                    .map_or(i64::MAX, |at| at.saturating_sub(leeway)),
                in_milliseconds: claims.in_milliseconds() == Some("iat"),
            });
        }
        if !timestamp::can_hold([claims.issued_at, claims.expires_at, claims.authenticated_at]) {
            return Err(ClaimsRejected::TimeRange);
        }
        Ok((claims, json))
    }

    /// The claims as the leader of this worker has read them.
    pub fn read_as(
        &self,
        told: &LeaderDecision,
        now: i64,
    ) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
        if told.accepted {
            return match self.origin {
                Origin::Token | Origin::Login => {
                    keys::verified_by_leader(self.text, told.user, told.names.as_ref())
                        .map_err(ClaimsRejected::Token)
                }
                Origin::Gateway => read_claims(self.text),
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
                Origin::Token | Origin::Login => ClaimsRejected::Token(TokenRejected::ByLeader),
                Origin::Gateway => ClaimsRejected::NotAGateway,
            }),
        }
    }
}

/// The claims of a gateway, and the `jsonb` of them: whatever `jsonb` accepts. Texts that the
/// strict parser accepts mean the same to both, and it is several times as fast.
fn read_claims(text: &[u8]) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
    let strict = std::str::from_utf8(text)
        .ok()
        .filter(|text| catalog::can_hold(text))
        .map(|text| {
            shortage::require(memory_for_json(text));
            Object::parse(text)
        });
    match strict {
        Some(Ok(object)) => {
            let claims = by_names(|names| Claims::read(&object, names))?;
            Ok((claims, jsonb::encode(&object).into()))
        }
        Some(Err(JsonError::NotAnObject)) => Err(refused(JsonError::NotAnObject)),
        Some(Err(error)) => read_as_jsonb(text, error),
        None => read_as_jsonb(text, JsonError::Syntax),
    }
}

/// The claims of a gateway, and the `jsonb` that Postgres makes of them. `error` is that of the
/// strict parser.
fn read_as_jsonb(text: &[u8], error: JsonError) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
    let json = memory::jsonb_of(text).map_err(|code| match code {
        PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX => refused(JsonError::TooDeep),
        PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE => refused(JsonError::Number),
        _ if !encoding::is_utf8() => ClaimsRejected::Encoding,
        PgSqlErrorCode::ERRCODE_UNTRANSLATABLE_CHARACTER => refused(JsonError::Character),
        _ if error == JsonError::Character => refused(error),
        _ => refused(JsonError::Syntax),
    })?;
    let claims = by_names(|names| Claims::read_jsonb_text(text, names, encoding::to_utf8))?;
    Ok((claims, json.into()))
}

/// The names that a gateway's claims are read by; the inner `None` stands for those of the
/// standards.
type GatewayNames = Option<Arc<ClaimNames>>;

/// The names in `authguard.gateway_claims`; `Some(None)` if they cannot be used.
static GATEWAY_CLAIMS: PerGeneration<u64, Option<Option<GatewayNames>>> =
    PerGeneration::new(invalidation::settings, None);

/// The claims of a gateway as `read` reads them, by the names in `authguard.gateway_claims`. Those
/// of the local issuer are at their own places: its session's row must be found.
fn by_names(
    read: impl Fn(Option<&Arc<ClaimNames>>) -> Result<Claims, ClaimsError>,
) -> Result<Claims, ClaimsRejected> {
    let read = |names: Option<&Arc<ClaimNames>>| read(names).map_err(ClaimsRejected::Claims);
    let names = GATEWAY_CLAIMS.get(|| Some(ClaimNames::parse(&settings::gateway_claims()).ok()));
    let names = names.flatten().ok_or(ClaimsRejected::GatewayClaims)?;
    let claims = read(names.as_ref())?;
    match names.is_some() && claims.issuer.as_deref() == Some(&settings::issuer()) {
        true => read(None),
        false => Ok(claims),
    }
}

fn refused(error: JsonError) -> ClaimsRejected {
    ClaimsRejected::Claims(ClaimsError::Json(error))
}

/// Returns `read` of the claims that are set; `None` stands for no claims. An empty text counts as
/// no claims: `set_config(…, true)` leaves it behind at the end of its transaction.
pub fn with_set<R>(session_user: Oid, read: impl FnOnce(Option<RawClaims<'_>>) -> R) -> R {
    if let Some(token) = request::login_token() {
        return read(Some(RawClaims {
            origin: Origin::Login,
            text: token.to_bytes(),
            believed: Ok(()),
        }));
    }
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
        || catalog::role_name(session_user).is_some_and(|name| request::is_gateway(&name))
}
