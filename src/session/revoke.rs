//! `authguard.revoke`: a token is revoked by whoever holds it (RFC 7009).
//!
//! A refresh token and an access token are told apart by their form, so the hint decides nothing
//! (section 2.1 lets a server ignore it). A text that is no live token of either kind is no error,
//! and changes nothing (section 2.2).

use super::ending::{Ending, end_wait};
use super::record::time;
use super::{refresh, writes};
use crate::error::Error;
use crate::keys;
use crate::pg::call::{Call, Value, guarded, raw_function};
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::unguarded;
use authguard_token::refresh::EndReason;
use authguard_token::{Actor, Claims};
use pgrx::pg_sys::{self, Datum};

static REVOKE_TOKEN: PerBackend<Plan> = Plan::new(
    c"select authguard.revoke_token($1, $2, $3, $4)",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
    ],
);

static REVOKE_SESSION: PerBackend<Plan> = Plan::new(
    c"select authguard.revoke_session($1, $2, $3)",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::TEXTOID],
);

/// The reason that the entries have.
const REASON: &str = "revoked by its client";

raw_function!(authguard_revoke_held, |call| guarded(|| Datum::from(
    revoke(call)
)));

fn revoke(call: Call) -> bool {
    writes::require_primary();
    let Some(token) = call.bytes(0) else {
        Error::Missing("token must not be null".to_owned()).raise()
    };
    if let Some(refresh) = std::str::from_utf8(token).ok().and_then(refresh::read) {
        let ending = Ending {
            reason: EndReason::SignedOut,
            actor: Actor::User,
        };
        return end_wait(refresh.session_id, ending);
    }
    // It may be revoked already, by something that is lifted later.
    match keys::verify(token, unguarded::clock()) {
        Ok(good) => revoke_access(&good.claims),
        Err(_) => false,
    }
}

/// Revokes an access token alone, if it can be named; otherwise its session.
fn revoke_access(claims: &Claims) -> bool {
    let (issuer, reason) = (Value::of(claims.issuer.as_deref()), Value::of(REASON));
    let (plan, parameters) = match (&claims.jti, &claims.session) {
        (Some(jti), _) => {
            let expires_at = claims.expires_at.map_or(Value::NULL, time);
            let parameters = vec![Value::of(jti.as_str()), reason, issuer, expires_at];
            (&REVOKE_TOKEN, parameters)
        }
        (None, Some(session)) => {
            let parameters = vec![Value::of(session.as_str()), reason, issuer];
            (&REVOKE_SESSION, parameters)
        }
        (None, None) => Error::NotRevocable.raise(),
    };
    plan.run(&parameters, |row| row.and_then(|row| row.get(1))) == Some(true)
}
