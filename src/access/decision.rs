//! The last decision about a token, remembered with its claims.

use crate::invalidation;
use crate::pg::unguarded::NEVER;
use crate::revocation::{Basis, Finding};
use authguard_token::{LeaderDecision, RevocationReason};
use std::cell::Cell;

/// The last decision about one token.
pub struct Decision {
    /// The start of the statement that the decision was made for.
    statement: Cell<i64>,
    /// The command within that statement, if the transaction has written to a table that decides.
    command: Cell<u32>,
    revoked: Cell<bool>,
    reason: Cell<Option<RevocationReason>>,
    /// The time at which the user last proved who it is, by the row of a local session.
    authenticated_at: Cell<Option<i64>>,
    /// The basis that the decision was read under. `valid_until` is the time until which time alone
    /// changes nothing.
    basis: Cell<Option<Basis>>,
    decided_at: Cell<i64>,
    valid_until: Cell<i64>,
    /// The generation of arrivals that the decision was read under, if a row was looked for in
    /// vain.
    missed: Cell<Option<u64>>,
}

impl Decision {
    /// A decision that is not made yet.
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

    /// Makes the next check look at the tables again.
    pub fn forget(&self) {
        self.forget_statement();
        self.basis.set(None);
    }

    /// Makes this the decision for `now` and `command`.
    pub fn answers(&self, now: i64, command: u32) {
        self.statement.set(now);
        self.command.set(command);
    }

    /// Returns true if the token is revoked.
    pub fn is_revoked(&self) -> bool {
        self.revoked.get()
    }

    /// The reason for which the token is revoked.
    pub fn reason(&self) -> Option<RevocationReason> {
        self.reason.get()
    }

    /// The time at which the token's user last proved who it is.
    pub fn authenticated_at(&self) -> Option<i64> {
        self.authenticated_at.get()
    }

    /// Returns true if this is the decision for `now` and `command`: one statement gets one answer.
    pub fn stands(&self, now: i64, command: u32) -> bool {
        self.statement.get() == now && self.command.get() == command
    }

    /// Returns true if a decision that was read for an earlier statement also counts for this one.
    /// If the clock was set back since, the decision is read again.
    pub fn still_holds(&self, now: i64, basis: Basis) -> bool {
        self.basis.get() == Some(basis)
            && (self.decided_at.get()..self.valid_until.get()).contains(&now)
            && self
                .missed
                .get()
                .is_none_or(|arrivals| arrivals == invalidation::arrivals())
            && !invalidation::has_written()
    }

    /// Takes over the decision of the leader, for this statement.
    pub fn follow(&self, told: &LeaderDecision) {
        self.revoked.set(told.reason.is_some());
        self.reason.set(told.reason);
        self.authenticated_at.set(told.authenticated_at);
    }

    /// Remembers a finding.
    pub fn take(&self, finding: Finding, basis: Basis, arrivals: u64, now: i64) {
        let verdict = finding.verdict;
        self.authenticated_at.set(finding.authenticated_at);
        self.missed.set(verdict.missed.then_some(arrivals));
        self.revoked.set(verdict.reason.is_some());
        self.reason.set(verdict.reason);
        // A transaction that has written sees its own rows, and a rollback would take them back. So
        // its decision has no basis.
        self.basis
            .set((!invalidation::has_written()).then_some(basis));
        self.decided_at.set(now);
        self.valid_until.set(verdict.valid_until);
    }
}
