//! Where claims come from, and whether they are believed.
//!
//! First the token in `authguard.jwt`, which anybody may set: its signature decides. Where one is set,
//! however bad, nothing else is asked. Else the gateway's `request.jwt.claims`, believed by the login role,
//! which a client cannot choose: a superuser, or a role of `authguard.gateway_roles`.

use crate::keys::{self, TokenRejected};
use crate::pg::{catalog, jsonb};
use crate::request::{self, gateways};
use crate::settings;
use authguard_token::{Claims, ClaimsError, Object};
use pgrx::pg_sys::Oid;
use std::rc::Rc;

/// Who says what the claims are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The signature of a token.
    Token,
    /// The gateway.
    Gateway,
}

/// Why claims are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsRejected {
    /// The session user is neither a superuser nor in `authguard.gateway_roles`.
    NotAGateway,
    /// Longer than `authguard.max_claims_size`.
    TooLarge,
    /// Not in the encoding of the database.
    Encoding,
    /// A time that `timestamptz` cannot hold.
    TimeRange,
    /// Not acceptable as claims.
    Claims(ClaimsError),
    /// The token is not.
    Token(TokenRejected),
}

/// Claims that somebody has set.
#[derive(Debug)]
pub struct Source {
    pub origin: Origin,
    /// What was set; no reader is given any of it before it is believed.
    pub text: &'static [u8],
    /// Whether it may be read at all. A token may: it is judged by what it holds.
    pub believed: Result<(), ClaimsRejected>,
}

impl Source {
    /// What tells it from another one. Of a text that is too long, which is refused whatever it holds, no more than that:
    /// a transaction that sets one after the other must not have all of them kept.
    pub fn mark(&self) -> &'static [u8] {
        let most = match self.origin {
            Origin::Token => settings::max_token_size(),
            Origin::Gateway => settings::max_claims_size(),
        };
        &self.text[..self.text.len().min(most + 1)]
    }

    /// The claims and all of them as `jsonb`, if they are believed at `now` (microseconds since 1970).
    pub fn read(&self, now: i64) -> Result<(Claims, Rc<[u8]>), ClaimsRejected> {
        self.believed.clone()?;
        if self.origin == Origin::Token {
            let good = keys::verify(self.text, now).map_err(ClaimsRejected::Token)?;
            return Ok((good.claims.clone(), Rc::clone(&good.json)));
        }
        let text = std::str::from_utf8(self.text).map_err(|_| ClaimsRejected::Encoding)?;
        if !catalog::can_hold(text) {
            return Err(ClaimsRejected::Encoding);
        }
        let object = Object::parse(text).map_err(ClaimsError::Json);
        let object = object.map_err(ClaimsRejected::Claims)?;
        let claims = Claims::read(&object).map_err(ClaimsRejected::Claims)?;
        Ok((claims, jsonb::encode(&object).into()))
    }
}

/// What is set at the moment; `None` for nothing. An empty text is nothing: it is what
/// `set_config(…, true)` leaves behind at the end of its transaction.
pub fn find(session_user: Oid) -> Option<Source> {
    let token = request::token_text().to_bytes();
    if !token.is_empty() {
        return Some(Source {
            origin: Origin::Token,
            text: token,
            believed: Ok(()),
        });
    }
    let text = request::claims_text().to_bytes();
    if text.is_empty() {
        return None;
    }
    let believed = if !is_gateway(session_user) {
        Err(ClaimsRejected::NotAGateway)
    } else if text.len() > settings::max_claims_size() {
        Err(ClaimsRejected::TooLarge)
    } else {
        Ok(())
    };
    Some(Source {
        origin: Origin::Gateway,
        text,
        believed,
    })
}

/// Whether `session_user` may say what the claims are.
fn is_gateway(session_user: Oid) -> bool {
    catalog::is_superuser(session_user)
        || catalog::role_name(session_user).is_some_and(|name| gateways::names().contains(&name))
}
