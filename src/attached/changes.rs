//! Users of attached tables whose claims this transaction has changed. They are told of in SQL once nothing of the
//! client's can run any more before the commit: the cut-off is written under a lock that every refresh waits for, and
//! a trigger can be made to fire early (SET CONSTRAINTS), or another one to fire after it.

use crate::error::Error;
use crate::pg::restricted::as_restricted;
use crate::pg::state::PerBackend;
use crate::pg::transaction::with_snapshot;
use pgrx::prelude::*;
use std::cell::RefCell;

/// One change of a user's row.
pub struct Change {
    /// The subtransaction that has told of it.
    pub within: pg_sys::SubTransactionId,
    /// Who may tell of it in SQL: the owner of the trigger's function.
    pub teller: pg_sys::Oid,
    /// The table.
    pub relation: pg_sys::Oid,
    /// In canonical form.
    pub user: String,
}

static CHANGES: PerBackend<RefCell<Vec<Change>>> = PerBackend::new(RefCell::new(Vec::new()));

/// What tokens say about a user has changed.
pub fn noted(change: Change) {
    CHANGES.borrow_mut().push(change);
}

/// Tells of them. The transaction commits, and runs no code of its client's any more.
pub fn before_commit() {
    tell();
}

/// The same for one that is prepared: it must not keep the lock for as long as nobody ends it.
pub fn before_prepare() {
    if tell() {
        Error::PreparedChange.raise();
    }
}

/// Whether one of them has left a cut-off.
fn tell() -> bool {
    let changes = CHANGES.take();
    if changes.is_empty() {
        return false;
    }
    let has_cut_off = |change: &Change| {
        let answer = Spi::get_one_with_args(
            "select authguard.user_updated($1, $2)",
            &[change.relation.into(), change.user.as_str().into()],
        );
        answer.unwrap_or_else(|_| Error::NoSchema.raise()) == Some(true)
    };
    with_snapshot(|| {
        let mut cut_off = false;
        for change in &changes {
            cut_off |= as_restricted(change.teller, || has_cut_off(change));
        }
        cut_off
    })
}

/// A subtransaction is rolled back: those that began after it were within it.
pub fn undone(subtransaction: pg_sys::SubTransactionId) {
    CHANGES
        .borrow_mut()
        .retain(|change| change.within < subtransaction);
}

/// The end of a transaction, committed or not.
pub fn end_of_transaction() {
    drop(CHANGES.take());
}
