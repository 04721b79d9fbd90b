//! The decision about the current token, made once a statement.

use super::decision::Decision;
use super::memo;
use crate::claims::{CachedClaims, Status};
use crate::invalidation;
use crate::pg::{call, unguarded};
use crate::revocation::{self, Basis, Finding};
use authguard_token::{RevocationReason, Verdict};

/// Whether the current token is revoked, for raw functions.
#[inline(always)]
pub fn is_revoked() -> bool {
    memo()
        .revoked()
        .unwrap_or_else(|| call::guarded(|| decide().decision.is_revoked()))
}

/// Whether the claims are accepted, not expired and not revoked; for raw functions.
#[inline(always)]
pub fn is_active() -> bool {
    super::current().claims().is_some() && !is_revoked()
}

/// Why the current token is revoked, if it is.
pub fn reason() -> Option<RevocationReason> {
    decide().decision.reason()
}

/// When the user of a session of our own last proved who it is, as its row says.
pub fn authenticated_at() -> Option<i64> {
    decide().decision.authenticated_at()
}

/// The current claims, with the decision for this statement.
#[cold]
fn decide() -> &'static CachedClaims<Decision> {
    let now = unguarded::statement_start();
    let command = invalidation::own_command();
    // This has accepted invalidations before the snapshot of the look-up is taken, so that a decision
    // which an old snapshot made is never remembered under a new generation.
    let block = memo().load();
    if block.decision.stands(now, command) {
        memo().decided(block.decision.is_revoked());
        return block;
    }
    let decision = &block.decision;
    let basis = Basis::current();
    if !decision.still_holds(now, basis) {
        let arrivals = invalidation::arrivals();
        let finding = match block.claims() {
            Some(claims) => revocation::judge(claims, now, basis),
            None => Finding {
                verdict: Verdict {
                    reason: match block.status {
                        Status::Refused(_) if block.is_expired_token() => {
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
    memo().decided(decision.is_revoked());
    block
}
