//! `auth.whoami()`: the state of the claims, in words.

use super::{decide, memo};
use crate::claims::{ClaimsRejected, Origin, Status};
use crate::error::Error;
use crate::pg::{call::Value, catalog, encoding::Utf8, unguarded};
use crate::request::set_in_transaction;
use authguard_token::{Claims, RevocationReason, WhoamiSource as Source, WhoamiStatus as Is};
use pgrx::Uuid;
use pgrx::prelude::*;

/// One row about the current token. If the token is refused, the row says which setting or form is
/// wrong, and nothing of the token's content.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn authguard_whoami() -> TableIterator<
    'static,
    (
        name!(source, &'static str),
        name!(status, &'static str),
        name!(subject, Option<Utf8>),
        name!(role, Option<Utf8>),
        name!(session_id, Option<Uuid>),
        name!(issued_at, Option<TimestampWithTimeZone>),
        name!(expires_at, Option<TimestampWithTimeZone>),
        name!(acting_role, Option<Utf8>),
        name!(login_role, Option<Utf8>),
        name!(role_mismatch, Option<bool>),
        name!(hint, Utf8),
        name!(session_wide, Option<bool>),
        name!(bypasses_rls, bool),
    ),
> {
    let reason = decide::reason();
    let acting_role = catalog::current_user();
    let bypasses_rls = catalog::bypasses_policies();
    TableIterator::once(memo().with(|current| {
        let claims = current.claims();
        let values = current.values();
        let role = claims.and_then(|claims| claims.role.clone());
        let role_mismatch = role.as_ref().map(|role| Some(role) != acting_role.as_ref());
        let (source, session_wide) = match (&current.status, current.origin()) {
            (Status::Absent, _) => (Source::None, None),
            (_, Origin::Gateway) => (
                Source::Gateway,
                Some(set_in_transaction::CLAIMS.is_session_wide()),
            ),
            (_, Origin::Token) => (
                Source::Token,
                Some(set_in_transaction::TOKEN.is_session_wide()),
            ),
            (_, Origin::Login) => (Source::Login, Some(true)),
        };
        let (status, hint) = match &current.status {
            Status::Absent => (Is::Absent, ABSENT.to_owned()),
            Status::Refused(_) if current.is_expired_token() => (Is::Expired, EXPIRED.to_owned()),
            Status::Refused(rejected) => (Is::Refused, why(rejected, current.origin())),
            Status::Accepted(claims) => judged(reason, claims, role_mismatch == Some(true)),
        };
        let mut hint = hint;
        let more = [
            claims.and_then(|claims| remark(claims, reason.is_some())),
            (session_wide == Some(true)).then(|| match source {
                Source::Login => LOGIN.to_owned(),
                _ => SESSION_WIDE.to_owned(),
            }),
            bypasses_rls.then(|| BYPASSES.to_owned()),
        ];
        for more in more.into_iter().flatten() {
            hint.push(' ');
            hint.push_str(&more);
        }
        (
            source.as_str(),
            status.as_str(),
            claims
                .and_then(|claims| claims.raw_subject.clone())
                .map(Utf8),
            role.map(Utf8),
            claims
                .and_then(|claims| claims.session_id)
                .map(Uuid::from_bytes),
            time(values.issued_at),
            time(values.expires_at),
            acting_role.map(Utf8),
            catalog::role_title(unguarded::session_user()).map(Utf8),
            role_mismatch,
            Utf8(hint),
            session_wide,
            bypasses_rls,
        )
    }))
}

/// The error for a caller without an active token. Its hint says what to do, and nothing that only
/// an administrator should learn.
pub fn not_active() -> Error {
    let has_claims = super::with_current(|current| current.claims().is_some());
    let reason = has_claims.then(decide::reason).flatten();
    Error::NotActive(memo().with(|current| match &current.status {
        Status::Absent => ABSENT.into(),
        Status::Refused(_) if current.is_expired_token() => EXPIRED.into(),
        Status::Refused(_) => REFUSED.into(),
        Status::Accepted(claims) => judged(reason, claims, false).1.into(),
    }))
}

fn time(value: Value) -> Option<TimestampWithTimeZone> {
    TimestampWithTimeZone::try_from(value.datum()?.value() as i64).ok()
}

const ABSENT: &str = "No token: neither authguard.jwt nor request.jwt.claims is set. \
    Call auth.set_token, or have the gateway set its claims, in the same transaction.";

pub const EXPIRED: &str = "The token is past its exp claim: refresh it, or sign in again.";

const REFUSED: &str =
    "Sign in again; \"select * from auth.whoami()\" tells what became of the token.";

/// A warning that the next client of a pool sees these claims too, even if it has set nothing.
const SESSION_WIDE: &str =
    "It was set before this transaction, for the session: a pool hands it to its next client.";

/// The same for a token that belongs to the connection itself.
const LOGIN: &str = "It is the token that this connection has logged in with, and no setting \
    replaces it: a pool must not hand the connection to another user.";

/// A warning that policies are not what decides here.
const BYPASSES: &str = "The acting role bypasses row-level security: what it sees says nothing about \
    clients. The owner of a table bypasses its policies, too, unless row security is forced.";

/// What else there is to know about claims that are accepted.
fn remark(claims: &Claims, revoked: bool) -> Option<String> {
    if let Some(name) = claims.in_milliseconds() {
        return Some(format!(
            "Claim {name} lies thousands of years ahead: is it in milliseconds? It counts seconds."
        ));
    }
    match (&claims.raw_subject, claims.uid) {
        _ if revoked => None,
        (None, _) => Some(
            "It is anonymous: it names no user (claim sub). A guard of kind 'user' shuts it out."
                .to_owned(),
        ),
        (Some(_), None) => {
            Some("Its claim sub is no UUID, so auth.uid() is NULL: use auth.subject().".to_owned())
        }
        _ => None,
    }
}

/// The status of claims that are accepted, and what to do.
fn judged(reason: Option<RevocationReason>, claims: &Claims, role_mismatch: bool) -> (Is, String) {
    let Some(reason) = reason else {
        let hint = match role_mismatch {
            true => {
                "The token is active. Its role is not the role that acts: auth.role() is only a claim."
            }
            false => "The token is active.",
        };
        return (Is::Accepted, hint.to_owned());
    };
    let cut_off = |issued| match claims.issued_at {
        Some(_) => format!(
            "it was issued before {issued}. Sign in again; if the new token is revoked, too, once \
             more after authguard.leeway."
        ),
        None => {
            format!(
                "it has no claim iat, so it counts as issued before {issued}. Get one with iat."
            )
        }
    };
    let hint = match reason {
        RevocationReason::Expired => return (Is::Expired, EXPIRED.to_owned()),
        RevocationReason::ClaimsStale => {
            "What the token says is out of date (claims_stale): refresh it.".to_owned()
        }
        RevocationReason::SourceBroken => {
            "A table that is attached cannot be read, so nobody whom it decides about has access \
             (source_broken); authguard.coverage() says which table, and why."
                .to_owned()
        }
        RevocationReason::Restored => {
            "This database was restored, cloned or upgraded, and believes no token until its owner \
             calls authguard.acknowledge_restore()."
                .to_owned()
        }
        RevocationReason::ReplicaLag => {
            "This standby is further behind than authguard.max_replay_lag: try again, or ask the \
             primary."
                .to_owned()
        }
        _ => {
            let why = match reason {
                RevocationReason::User => {
                    "the user is blocked, by authguard.revoke_user or by its \
                    row in an attached table. Signing in again does not help until that is lifted."
                        .to_owned()
                }
                RevocationReason::UserCutOff => {
                    cut_off("the user was revoked, signed out or given new credentials")
                }
                RevocationReason::IssuerCutOff => {
                    cut_off("authguard.revoke_issued_before revoked all tokens of its issuer")
                }
                RevocationReason::UserDeleted | RevocationReason::UserBanned => {
                    "the user's row in an attached table shuts it out.".to_owned()
                }
                RevocationReason::Client => {
                    "authguard.revoke_client revoked the application that it was issued to."
                        .to_owned()
                }
                _ => "sign in again.".to_owned(),
            };
            format!("The token is revoked ({}): {why}", reason.as_str())
        }
    };
    (Is::Revoked, hint)
}

/// The reason for which claims are refused, and what to do.
pub fn why(rejected: &ClaimsRejected, origin: Origin) -> String {
    match rejected {
        ClaimsRejected::NotAGateway => format!(
            "request.jwt.claims is set, but login role {} is not believed. If it is the gateway's, \
             add it to authguard.gateway_roles (load 'authguard', alter system, then reload).",
            catalog::role_title(unguarded::session_user())
                .as_deref()
                .unwrap_or("?")
        ),
        ClaimsRejected::TooLarge => {
            "request.jwt.claims is longer than authguard.max_claims_size.".to_owned()
        }
        ClaimsRejected::Encoding => {
            "request.jwt.claims has characters that this database's encoding cannot hold."
                .to_owned()
        }
        ClaimsRejected::IssuedInFuture {
            in_milliseconds, ..
        } => {
            let question = match in_milliseconds {
                true => " Is it in milliseconds? It counts seconds.",
                false => " Compare the clocks of the issuer and of this server.",
            };
            format!(
                "Claim iat of request.jwt.claims lies further in the future than \
                 authguard.leeway allows.{question}"
            )
        }
        ClaimsRejected::TimeRange => "A time in the claims is out of range.".to_owned(),
        ClaimsRejected::Token(_) if origin == Origin::Login => {
            "The token that this connection has logged in with is not accepted in this database. \
             The file of the login decides who may connect; here its issuer must be trusted, too \
             (authguard.trust_issuer). The server's log says why."
                .to_owned()
        }
        ClaimsRejected::Token(_) => {
            "The token in authguard.jwt is not accepted, and the gateway's claims are not asked. \
             Sign in again; the server's log says why."
                .to_owned()
        }
        ClaimsRejected::Claims(error) => format!("request.jwt.claims is not acceptable: {error}."),
        ClaimsRejected::GatewayClaims => {
            "authguard.gateway_claims cannot be used; authguard.coverage() says why.".to_owned()
        }
    }
}
