//! `auth.whoami()`: the state of the claims, in words.

use super::{Refusal, Status, load};
use crate::pg::{call::Value, catalog, leaf};
use crate::revocation;
use authguard_token::Reason;
use pgrx::Uuid;
use pgrx::prelude::*;

/// One row about the current token. What it tells of a refused one is which setting or form is wrong,
/// never any of its content.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn authguard_whoami() -> TableIterator<
    'static,
    (
        name!(source, &'static str),
        name!(status, &'static str),
        name!(subject, Option<String>),
        name!(role, Option<String>),
        name!(session_id, Option<Uuid>),
        name!(issued_at, Option<TimestampWithTimeZone>),
        name!(expires_at, Option<TimestampWithTimeZone>),
        name!(acting_role, Option<String>),
        name!(login_role, Option<String>),
        name!(role_mismatch, Option<bool>),
        name!(hint, String),
    ),
> {
    let reason = revocation::reason();
    let block = load();
    let claims = block.claims();
    let acting_role = catalog::current_user();
    let login_role = catalog::role_name(leaf::session_user());
    let role = claims.and_then(|claims| claims.role.clone());
    let role_mismatch = role.as_ref().map(|role| Some(role) != acting_role.as_ref());
    let (source, status, hint) = match &block.status {
        Status::Absent => ("none", "absent", "No token: request.jwt.claims is not set.".to_owned()),
        Status::Refused(refusal) => ("gateway", "refused", explain(refusal, login_role.as_deref())),
        Status::Accepted(_) => match reason {
            None if role_mismatch == Some(true) => (
                "gateway",
                "accepted",
                "The token is active. Its role is not the role that acts: auth.role() is only a claim."
                    .to_owned(),
            ),
            None => ("gateway", "accepted", "The token is active.".to_owned()),
            Some(Reason::Expired) => (
                "gateway",
                "expired",
                "The token is past its exp claim: refresh it, or sign in again.".to_owned(),
            ),
            Some(reason) => (
                "gateway",
                "revoked",
                format!("The token is revoked ({}): sign in again.", reason.as_str()),
            ),
        },
    };
    let time = |value: Value| {
        value
            .datum()
            .and_then(|datum| TimestampWithTimeZone::try_from(datum.value() as i64).ok())
    };
    TableIterator::once((
        source,
        status,
        claims.and_then(|claims| claims.raw_subject.clone()),
        role,
        claims
            .and_then(|claims| claims.session_id)
            .map(Uuid::from_bytes),
        time(block.values().issued_at),
        time(block.values().expires_at),
        acting_role,
        login_role,
        role_mismatch,
        hint,
    ))
}

fn explain(refusal: &Refusal, login_role: Option<&str>) -> String {
    match refusal {
        Refusal::NotAGateway => format!(
            "request.jwt.claims is set, but login role {} is not believed. If it is the gateway's, \
             add it to authguard.gateway_roles (alter system, then reload).",
            login_role.unwrap_or("?")
        ),
        Refusal::TooLarge => {
            "request.jwt.claims is longer than authguard.max_claims_size.".to_owned()
        }
        Refusal::Encoding => {
            "request.jwt.claims has characters that this database's encoding cannot hold."
                .to_owned()
        }
        Refusal::TimeRange => "A time in request.jwt.claims is out of range.".to_owned(),
        Refusal::Claims(error) => format!("request.jwt.claims is not acceptable: {error}."),
    }
}
