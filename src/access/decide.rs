//! The decision about the current token. It is made once for each statement.

use super::decision::Decision;
use super::memo;
use crate::claims::{CachedClaims, Status};
use crate::invalidation;
use crate::pg::{call, unguarded};
use crate::revocation::{self, Basis, Finding};
use authguard_token::{RevocationReason, Verdict};

/// Returns true if the current token is revoked, for raw functions.
#[inline(always)]
pub fn is_revoked() -> bool {
    memo()
        .revoked()
        .unwrap_or_else(|| call::guarded(|| decide(Decision::is_revoked)))
}

/// Returns true if the claims are accepted, not expired and not revoked; for raw functions.
#[inline(always)]
pub fn is_active() -> bool {
    let has_claims = || super::with_current(|claims| claims.claims().is_some());
    match memo().revoked() {
        Some(revoked) => !revoked && has_claims(),
        None => has_claims() && !is_revoked(),
    }
}

/// Returns true if the claims are active and name a user; for raw functions.
#[inline(always)]
pub fn is_user() -> bool {
    super::with_current(|claims| claims.claims().is_some_and(|read| read.subject.is_some()))
        && !is_revoked()
}

/// The reason for which the current token is revoked, if it is.
pub fn reason() -> Option<RevocationReason> {
    decide(Decision::reason)
}

/// The time at which the user of a local session last proved who it is, as the session's row says.
pub fn authenticated_at() -> Option<i64> {
    decide(Decision::authenticated_at)
}

/// Returns `read` of the decision for this statement.
#[cold]
fn decide<R>(read: impl Fn(&Decision) -> R) -> R {
    let now = unguarded::statement_start();
    let command = invalidation::own_command();
    let answer = |claims: &CachedClaims<Decision>| {
        memo().decided(claims.decision.is_revoked());
        read(&claims.decision)
    };
    let stands = |claims: &CachedClaims<Decision>| {
        let stands = claims.decision.stands(now, command);
        stands.then(|| answer(claims))
    };
    if let Some(answer) = memo().with(stands) {
        return answer;
    }
    let mut looks = 0..;
    invalidation::until_still(|| {
        if looks.next() > Some(0) {
            memo().decisions(Decision::forget);
        }
        // The statement may have verified its token long before. What its key is now, and what is
        // revoked now, belong together.
        if !memo().with(|claims| claims.holds(now)) {
            memo().ask_again();
        }
        memo().with(|claims| {
            settle(claims, now, command);
            answer(claims)
        })
    })
}

/// Makes the decision about `claims` count for the statement that began at `now`, and for its
/// `command`.
fn settle(claims: &CachedClaims<Decision>, now: i64, command: u32) {
    let decision = &claims.decision;
    if decision.stands(now, command) {
        return;
    }
    if let Some(told) = &claims.told {
        decision.follow(told);
        return decision.answers(now, command);
    }
    let basis = Basis::current();
    if !decision.still_holds(now, basis) {
        let arrivals = invalidation::arrivals();
        let finding = match claims.claims() {
            Some(read) => revocation::judge(read, now, basis),
            None => Finding {
                verdict: Verdict {
                    reason: match claims.status {
                        Status::Refused(_) if claims.is_expired_token() => {
                            Some(RevocationReason::Expired)
                        }
                        Status::Refused(_) => Some(RevocationReason::Refused),
                        _ => None,
                    },
                    valid_until: i64::MAX,
                    missed: false,
                },
                authenticated_at: None,
            },
        };
        decision.take(finding, basis, arrivals, now);
    }
    decision.answers(now, command);
}
