//! The tokens of a session: an access token (RFC 7519) with the claims of Supabase's tokens, and
//! the refresh token of the session's generation.

use super::record::{Session, uuid};
use super::{issuance, transaction as duties};
use crate::attached;
use crate::error::Error;
use crate::invalidation::{self, PerGeneration};
use crate::keys::{self, TokenRejected};
use crate::pg::call::Value;
use crate::pg::plan::{self, Plan};
use crate::pg::state::PerBackend;
use crate::pg::{transaction, unguarded};
use crate::schema::{self, Table};
use crate::settings;
use authguard_token::refresh::{RefreshToken, issued_after};
use authguard_token::{ClaimsError, Node, Object, format_uuid};
use pgrx::pg_sys;

const MICROS: i64 = 1_000_000;

/// The claims that policies expect to be there.
fn defaults<'t>() -> Object<'t> {
    let mut claims = Object::default();
    claims.set("role", "authenticated");
    claims.set("email", "");
    claims.set("phone", "");
    claims.set("app_metadata", Node::Object(Object::default()));
    claims.set("user_metadata", Node::Object(Object::default()));
    claims.set("is_anonymous", Node::Bool(false));
    claims
}

static ENSURE_KEYS: PerBackend<Plan> = Plan::new(c"select authguard.ensure_session_keys()", &[]);

static FRESH_CLAIMS: PerBackend<Plan> = Plan::new(
    c"select authguard.fresh_claims($1, $2, $3::pg_catalog.jsonb)",
    &[pg_sys::TEXTOID, pg_sys::UUIDOID, pg_sys::TEXTOID],
);

/// The tokens that a client gets.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    /// Claim `iat`.
    pub issued_at: i64,
    /// Claim `exp`.
    pub expires_at: i64,
}

impl Tokens {
    /// The tokens of a session as it is. The access token expires no later than the session.
    pub fn of(session: &Session) -> Self {
        let refresh_key = keys::refresh_key().unwrap_or_else(|| Error::NoSigningKey.raise());
        let (issued_at, expires_at) = times(session);
        let access = access_token(session, issued_at, expires_at)
            .unwrap_or_else(|cause| Error::BadClaims(cause.to_string()).raise());
        duties::handed_out();
        Self {
            access,
            refresh: RefreshToken::mint(&refresh_key, session.id, session.times.counter),
            issued_at,
            expires_at,
        }
    }
}

/// Makes the keys that are missing. Returns false if another transaction changes keys for too long.
/// Only for an application that signs its users in: while a client's transaction that has made keys
/// is open, everybody else would wait for it.
pub fn ensure_keys() -> bool {
    (keys::refresh_key().is_some() && keys::can_sign())
        || ENSURE_KEYS.run(&[], |row| row.and_then(|row| row.get(1))) == Some(true)
}

/// Claims `iat` and `exp`.
fn times(session: &Session) -> (i64, i64) {
    let settings = settings::refresh();
    let expires = |at: i64| {
        session
            .times
            .access_expires_at(at.saturating_mul(MICROS), &settings)
    };
    let mut at = session.times.refreshed_at.div_euclid(MICROS);
    if attached::refresh_on_change() {
        at = after_changes(session, at);
    }
    let now = unguarded::clock().div_euclid(MICROS);
    if expires(at) <= now {
        // The tokens that another tab's refresh was issued have expired meanwhile.
        at = now;
    }
    (at, expires(at))
}

/// Claim `iat` of tokens that are issued at that second: later than the last change of the user's
/// row. Waits up to a second for that. To be called after
/// [`wait::for_changes`](super::wait::for_changes).
fn after_changes(session: &Session, at: i64) -> i64 {
    let issued_at = issued_after(at, issuance::claims_changed(&session.user));
    if issued_at == at {
        return at;
    }
    let left = issued_at
        .saturating_mul(MICROS)
        .saturating_sub(unguarded::clock());
    plan::sleep(left.min(MICROS) as f64 / 1e6);
    issued_at.max(unguarded::clock().div_euclid(MICROS))
}

/// The access token, or the cause for which this database would not believe it.
fn access_token(
    session: &Session,
    issued_at: i64,
    expires_at: i64,
) -> Result<String, TokenRejected> {
    let metadata = attached::metadata(&session.user);
    let mut claims = defaults();
    claims.extend(object(&session.claims));
    if !metadata.is_empty() {
        let mut app_metadata = Object::default();
        for json in &metadata {
            app_metadata.extend(object(json));
        }
        claims.set("app_metadata", Node::Object(app_metadata));
    }
    let fresh = fresh_claims(session, &claims);
    if let Some(fresh) = &fresh {
        claims = defaults();
        claims.extend(object(fresh));
    }
    let (issued_at, expires_at) = (issued_at.to_string(), expires_at.to_string());
    claims.set("iss", session.issuer.as_str());
    claims.set("sub", session.user.as_str());
    claims.set("aud", settings::audience());
    claims.set("iat", Node::Number(&issued_at));
    claims.set("exp", Node::Number(&expires_at));
    claims.set("session_id", format_uuid(&session.id));
    claims.set("aal", session.aal.as_str());
    claims.set("amr", Node::parse(&session.amr).unwrap_or(Node::Null));
    keys::sign_believed(claims)
}

fn object(json: &str) -> Object<'_> {
    let refuse = |error| Error::BadClaims(ClaimsError::Json(error).to_string()).raise();
    Object::parse(json).unwrap_or_else(refuse)
}

/// The claims (JSON) that the claims function returns for these, if one is set.
fn fresh_claims(session: &Session, claims: &Object<'_>) -> Option<String> {
    if !has_claims_function() {
        return None;
    }
    let parameters = [
        Value::of(session.user.as_str()),
        uuid(session.id),
        Value::of(Node::Object(claims.clone()).to_json()),
    ];
    FRESH_CLAIMS.run(&parameters, |row| row.and_then(|row| row.json(1, None)))
}

static HAS_FUNCTION: PerGeneration<u64, Option<bool>> =
    PerGeneration::new(invalidation::keys, None);

/// Returns true if a claims function is set, by the newest committed state and this transaction's
/// own writes.
fn has_claims_function() -> bool {
    transaction::accept_invalidations();
    let is_set = || schema::read(Table::ClaimsFunction, |table| !table.is_empty());
    HAS_FUNCTION.get(|| Some(is_set())) == Some(true)
}
