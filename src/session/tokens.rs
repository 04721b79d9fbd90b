//! The tokens of a session: an access token (RFC 7519) with the claims of Supabase's, and the refresh token of its
//! generation.

use super::issuing;
use super::members::Members;
use super::stored::{Session, uuid};
use crate::attached;
use crate::error::Error;
use crate::invalidation;
use crate::keys;
use crate::pg::call::Value;
use crate::pg::catalog;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::transaction;
use crate::settings;
use authguard_token::format_uuid;
use authguard_token::refresh::{RefreshKey, RefreshToken};
use pgrx::pg_sys;
use std::cell::Cell;
use std::rc::Rc;

const MICROS: i64 = 1_000_000;

/// What policies expect to be there.
const DEFAULTS: [(&str, &str); 6] = [
    ("role", "\"authenticated\""),
    ("email", "\"\""),
    ("phone", "\"\""),
    ("app_metadata", "{}"),
    ("user_metadata", "{}"),
    ("is_anonymous", "false"),
];

static MAKE_KEYS: PerBackend<Plan> = Plan::new(c"select authguard.ensure_session_keys()", &[]);

static ISSUE_AT: PerBackend<Plan> = Plan::new(
    c"select authguard.issue_at($1, $2, $3)",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::INT8OID],
);

static FRESH_CLAIMS: PerBackend<Plan> = Plan::new(
    c"select authguard.fresh_claims($1, $2, $3::pg_catalog.jsonb)",
    &[pg_sys::TEXTOID, pg_sys::UUIDOID, pg_sys::TEXTOID],
);

/// What a client gets.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    /// Claim `iat`.
    pub issued_at: i64,
    /// Claim `exp`.
    pub expires_at: i64,
}

impl Tokens {
    /// Those of a session as it is. The access token ends with the session at the latest.
    pub fn of(session: &Session) -> Self {
        let refresh_key = refresh_key();
        let (issued_at, expires_at) = times(session);
        let access = keys::sign_believed(&payload(session, issued_at, expires_at))
            .unwrap_or_else(|cause| Error::BadClaims(cause.to_string()).raise());
        issuing::handed_out();
        Self {
            access,
            refresh: RefreshToken::mint(&refresh_key, session.id, session.times.counter),
            issued_at,
            expires_at,
        }
    }
}

/// The key of refresh tokens; makes what keys are missing.
fn refresh_key() -> Rc<RefreshKey> {
    if !(keys::refresh_key().is_some() && keys::can_sign()) {
        MAKE_KEYS.run(&[], |_| ());
    }
    keys::refresh_key().unwrap_or_else(|| Error::NoSigningKey.raise())
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
        let parameters = [
            Value::of(session.user.as_str()),
            Value::of(session.issuer.as_str()),
            Value::of(at),
        ];
        at = ISSUE_AT
            .run(&parameters, |row| row.and_then(|row| row.get(1)))
            .unwrap_or(at);
    }
    let now = transaction::clock().div_euclid(MICROS);
    if expires(at) <= now {
        // The tokens of another tab's refresh have expired meanwhile.
        at = now;
    }
    (at, expires(at))
}

/// The claims of the access token, as JSON.
fn payload(session: &Session, issued_at: i64, expires_at: i64) -> String {
    let defaults = || Members::of(&DEFAULTS);
    let metadata = attached::metadata(&session.user);
    let mut claims = defaults().with(object(&session.claims));
    let metadata = metadata.iter().map(|json| object(json));
    if let Some(metadata) = metadata.reduce(Members::with) {
        claims.set_json("app_metadata", metadata.to_json());
    }
    let fresh = fresh_claims(session, &claims);
    if let Some(fresh) = &fresh {
        claims = defaults().with(object(fresh));
    }
    claims.set("iss", session.issuer.as_str());
    claims.set("sub", session.user.as_str());
    claims.set("aud", settings::audience());
    claims.set("iat", issued_at);
    claims.set("exp", expires_at);
    claims.set("session_id", format_uuid(&session.id));
    claims.set("aal", session.aal.as_str());
    claims.set_json("amr", session.amr.as_str());
    claims.to_json()
}

fn object(json: &str) -> Members<'_> {
    let members = Members::read(json);
    members.unwrap_or_else(|| Error::BadClaims("They are no JSON object".to_owned()).raise())
}

/// What the claims function, where one is set, makes of these claims, as JSON.
fn fresh_claims(session: &Session, claims: &Members<'_>) -> Option<String> {
    if !has_claims_function() {
        return None;
    }
    let parameters = [
        Value::of(session.user.as_str()),
        uuid(session.id),
        Value::of(claims.to_json()),
    ];
    FRESH_CLAIMS.run(&parameters, |row| row.and_then(|row| row.json(1, None)))
}

/// Whether there is one, and the generation that this was read under.
static KNOWN: PerBackend<Cell<Option<(u64, bool)>>> = PerBackend::new(Cell::new(None));

/// Whether a claims function is set, by the newest committed state and this transaction's own.
fn has_claims_function() -> bool {
    let table = invalidation::objects().claims_function;
    let generation = invalidation::keys();
    let is_own = invalidation::has_changed();
    match KNOWN.get() {
        Some((under, is_set)) if under == generation && !is_own => is_set,
        _ => {
            let is_set = !catalog::is_empty(table);
            // What this transaction has set, a rollback takes back.
            KNOWN.set((!is_own).then_some((generation, is_set)));
            is_set
        }
    }
}
