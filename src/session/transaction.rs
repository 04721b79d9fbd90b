//! What a transaction owes that has judged a refresh token or handed tokens out.
//!
//! The client has its answer before the transaction ends. So it must not hang as a prepared one,
//! and once acknowledged it must outlive a crash and a failover: a refresh token that is newer than
//! its row ends the session as `state_lost`.

use crate::error::Error;
use crate::invalidation;
use crate::pg::state::PerBackend;
use std::cell::Cell;

static ANSWERED: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// A refresh or a step-up is decided.
pub fn decided() {
    ANSWERED.set(true);
}

/// Tokens are handed out.
pub fn handed_out() {
    ANSWERED.set(true);
    invalidation::must_last();
}

/// Raises an error where this transaction cannot be prepared.
pub fn before_prepare() {
    if ANSWERED.get() {
        Error::Prepared.raise();
    }
}

/// The end of a transaction, committed or not.
pub fn end_of_transaction() {
    ANSWERED.set(false);
}
