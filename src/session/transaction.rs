//! Duties of a transaction that has judged a refresh token or issued tokens.
//!
//! The client has its answer before the transaction ends. So the transaction must not hang as a
//! prepared one. Once it is acknowledged, it must outlive a crash and a failover: a refresh token
//! that is newer than its row ends the session as `state_lost`.

use crate::error::Error;
use crate::invalidation;
use crate::pg::state::PerBackend;
use std::cell::Cell;

static ANSWERED: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// Notes that a refresh or a step-up is decided.
pub fn decided() {
    ANSWERED.set(true);
}

/// Notes that tokens are issued.
pub fn handed_out() {
    ANSWERED.set(true);
    invalidation::must_last();
}

/// Returns true if a refresh or a step-up was decided in this transaction, or tokens were issued.
pub fn has_answered() -> bool {
    ANSWERED.get()
}

/// Raises an error if this transaction must not be prepared.
pub fn before_prepare() {
    if ANSWERED.get() {
        Error::Prepared.raise();
    }
}

/// Forgets the duties when a transaction ends, committed or not.
pub fn end_of_transaction() {
    ANSWERED.set(false);
}
