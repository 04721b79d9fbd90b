//! `auth.whoami()`: the state of the claims, in words.

use super::{decide, memo};
use crate::claims::{ClaimsRejected, Origin, Status};
use crate::pg::{call::Value, catalog, unguarded};
use crate::request::set_in_transaction;
use authguard_token::{RevocationReason, WhoamiSource as Source, WhoamiStatus as Is};
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
        name!(session_wide, Option<bool>),
    ),
> {
    let reason = decide::reason();
    let block = memo().load();
    let claims = block.claims();
    let acting_role = catalog::current_user();
    let login_role = catalog::role_name(unguarded::session_user());
    let role = claims.and_then(|claims| claims.role.clone());
    let role_mismatch = role.as_ref().map(|role| Some(role) != acting_role.as_ref());
    let source = match (&block.status, block.origin()) {
        (Status::Absent, _) => Source::None,
        (_, Origin::Gateway) => Source::Gateway,
        (_, Origin::Token) => Source::Token,
    };
    let (status, hint) = match &block.status {
        Status::Absent => (
            Is::Absent,
            "No token: neither authguard.jwt nor request.jwt.claims is set. Call auth.set_token, or have the \
             gateway set its claims, in the same transaction."
                .to_owned(),
        ),
        Status::Refused(_) if block.is_expired_token() => (Is::Expired, EXPIRED.to_owned()),
        Status::Refused(refusal) => (Is::Refused, explain(refusal, login_role.as_deref())),
        Status::Accepted(_) => match reason {
            None if role_mismatch == Some(true) => (
                Is::Accepted,
                "The token is active. Its role is not the role that acts: auth.role() is only a claim."
                    .to_owned(),
            ),
            None => (Is::Accepted, "The token is active.".to_owned()),
            Some(RevocationReason::Expired) => (Is::Expired, EXPIRED.to_owned()),
            Some(RevocationReason::ClaimsStale) => (
                Is::Revoked,
                "What the token says is out of date (claims_stale): refresh it.".to_owned(),
            ),
            Some(RevocationReason::SourceBroken) => (
                Is::Revoked,
                "A table that is attached cannot be read, so nobody whom it decides about has access \
                 (source_broken); authguard.coverage() says which table, and why."
                    .to_owned(),
            ),
            Some(RevocationReason::Restored) => (
                Is::Revoked,
                "This database was restored, cloned or upgraded, and believes no token until its owner calls \
                 authguard.acknowledge_restore()."
                    .to_owned(),
            ),
            Some(RevocationReason::ReplicaLag) => (
                Is::Revoked,
                "This standby is further behind than authguard.max_replay_lag: try again, or ask the primary."
                    .to_owned(),
            ),
            Some(reason @ (RevocationReason::UserDeleted | RevocationReason::UserBanned)) => (
                Is::Revoked,
                format!(
                    "The token is revoked ({}): the user's row in an attached table shuts it out.",
                    reason.as_str()
                ),
            ),
            Some(RevocationReason::User) => (
                Is::Revoked,
                "The token is revoked (user): sign in again; a user who is blocked has to be restored first."
                    .to_owned(),
            ),
            Some(reason) => (
                Is::Revoked,
                format!("The token is revoked ({}): sign in again.", reason.as_str()),
            ),
        },
    };
    let session_wide = match (source, block.origin()) {
        (Source::None, _) => None,
        (_, Origin::Gateway) => Some(set_in_transaction::CLAIMS.is_session_wide()),
        (_, Origin::Token) => Some(set_in_transaction::TOKEN.is_session_wide()),
    };
    let hint = match session_wide {
        Some(true) => format!("{hint} {SESSION_WIDE}"),
        _ => hint,
    };
    let time = |value: Value| {
        value
            .datum()
            .and_then(|datum| TimestampWithTimeZone::try_from(datum.value() as i64).ok())
    };
    TableIterator::once((
        source.as_str(),
        status.as_str(),
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
        session_wide,
    ))
}

const EXPIRED: &str = "The token is past its exp claim: refresh it, or sign in again.";

/// Also what the next client of a pool sees, who has set nothing.
const SESSION_WIDE: &str =
    "It was set before this transaction, for the session: a pool hands it to its next client.";

fn explain(refusal: &ClaimsRejected, login_role: Option<&str>) -> String {
    match refusal {
        ClaimsRejected::NotAGateway => format!(
            "request.jwt.claims is set, but login role {} is not believed. If it is the gateway's, \
             add it to authguard.gateway_roles (load 'authguard', alter system, then reload).",
            login_role.unwrap_or("?")
        ),
        ClaimsRejected::TooLarge => {
            "request.jwt.claims is longer than authguard.max_claims_size.".to_owned()
        }
        ClaimsRejected::Encoding => {
            "request.jwt.claims has characters that this database's encoding cannot hold."
                .to_owned()
        }
        ClaimsRejected::TimeRange => "A time in the claims is out of range.".to_owned(),
        ClaimsRejected::Token(_) => {
            "The token in authguard.jwt is not accepted, and the gateway's claims are not asked. \
             Sign in again; the server's log says why."
                .to_owned()
        }
        ClaimsRejected::Claims(error) => format!("request.jwt.claims is not acceptable: {error}."),
    }
}
