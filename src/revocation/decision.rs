//! The decision about the current token, made once a statement and remembered with its claims.

use super::lookup::{self, Basis, Finding};
use crate::claims::{self, Block, NEVER, Status};
use crate::invalidation;
use crate::pg::{call, leaf};
use authguard_token::{Reason, Verdict};
use std::cell::Cell;

/// What was last decided about one token.
pub struct Decision {
    /// The start of the statement that it was decided for.
    statement: Cell<i64>,
    /// The command within it, where the transaction itself revokes.
    command: Cell<u32>,
    revoked: Cell<bool>,
    reason: Cell<Option<Reason>>,
    /// When the user last proved who it is, by the row of a session of our own.
    authenticated_at: Cell<Option<i64>>,
    /// What it was read under, and until when time alone changes nothing.
    basis: Cell<Option<Basis>>,
    decided_at: Cell<i64>,
    valid_until: Cell<i64>,
    /// The arrivals that it was read under, if a row was looked for in vain.
    missed: Cell<Option<u64>>,
}

impl Decision {
    /// Nothing decided yet.
    pub const fn none() -> Self {
        Self {
            statement: Cell::new(NEVER),
            command: Cell::new(0),
            revoked: Cell::new(true),
            reason: Cell::new(None),
            authenticated_at: Cell::new(None),
            basis: Cell::new(None),
            decided_at: Cell::new(0),
            valid_until: Cell::new(0),
            missed: Cell::new(None),
        }
    }

    /// Makes the next check of the same statement look again.
    pub fn forget_statement(&self) {
        self.statement.set(NEVER);
    }

    /// Whether this is the decision for `now` and `command`: one statement gets one answer.
    fn stands(&self, now: i64, command: u32) -> bool {
        self.statement.get() == now && self.command.get() == command
    }

    /// Whether what was read for an earlier statement still decides this one. The clock may have
    /// been set back: then it is read again.
    fn still_holds(&self, now: i64, basis: Basis) -> bool {
        self.basis.get() == Some(basis)
            && (self.decided_at.get()..self.valid_until.get()).contains(&now)
            && self
                .missed
                .get()
                .is_none_or(|arrivals| arrivals == invalidation::arrivals())
            && !invalidation::has_written()
    }

    fn take(&self, finding: Finding, basis: Basis, arrivals: u64, now: i64) {
        let verdict = finding.verdict;
        self.authenticated_at.set(finding.authenticated_at);
        self.missed.set(verdict.missed.then_some(arrivals));
        self.revoked.set(verdict.reason.is_some());
        self.reason.set(verdict.reason);
        // A transaction that has written sees its own rows, which a rollback takes back.
        self.basis
            .set((!invalidation::has_written()).then_some(basis));
        self.decided_at.set(now);
        self.valid_until.set(verdict.valid_until);
    }
}

/// Whether the current token is revoked, for raw functions.
#[inline(always)]
pub fn is_revoked() -> bool {
    claims::revoked().unwrap_or_else(|| call::guarded(|| decide().decision.revoked.get()))
}

/// Whether the claims are accepted, not expired and not revoked; for raw functions.
#[inline(always)]
pub fn is_active() -> bool {
    claims::current().claims().is_some() && !is_revoked()
}

/// Why the current token is revoked, if it is.
pub fn reason() -> Option<Reason> {
    decide().decision.reason.get()
}

/// When the user of a session of our own last proved who it is, as its row says.
pub fn authenticated_at() -> Option<i64> {
    decide().decision.authenticated_at.get()
}

/// The current claims, with the decision for this statement.
#[cold]
fn decide() -> &'static Block {
    let now = leaf::statement_start();
    let command = invalidation::own_command();
    // This has accepted invalidations before the snapshot of the look-up is taken, so that a decision
    // which an old snapshot made is never remembered under a new generation.
    let block = claims::load();
    if block.decision.stands(now, command) {
        claims::decided(block.decision.revoked.get());
        return block;
    }
    let decision = &block.decision;
    let basis = Basis::current();
    if !decision.still_holds(now, basis) {
        let arrivals = invalidation::arrivals();
        let finding = match block.claims() {
            Some(claims) => lookup::judge(claims, now, basis),
            None => Finding {
                verdict: Verdict {
                    reason: match block.status {
                        Status::Refused(_) if block.is_expired_token() => Some(Reason::Expired),
                        Status::Refused(_) => Some(Reason::Refused),
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
    decision.statement.set(now);
    decision.command.set(command);
    claims::decided(decision.revoked.get());
    block
}
