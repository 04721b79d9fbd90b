//! Users of attached tables whose claims this transaction has changed. They are told of in SQL once
//! nothing of the client's can run any more before the commit: the cut-off is written under a lock
//! that every refresh waits for, and a trigger can be made to fire early (SET CONSTRAINTS), or
//! another one to fire after it.

use crate::error::Error;
use crate::pg::restricted::as_restricted;
use crate::pg::state::PerBackend;
use crate::pg::transaction::with_snapshot;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A change of a user's row.
pub struct Change {
    /// The subtransaction that it was noted in.
    pub within: pg_sys::SubTransactionId,
    /// Who may tell of it in SQL: the owner of the trigger's function.
    pub teller: pg_sys::Oid,
}

/// By table and user, in canonical form: one for each, however often its row has changed, and told
/// of in one order, so that no two transactions wait for each other.
type Changes = BTreeMap<(u32, String), Change>;

static CHANGES: PerBackend<RefCell<Changes>> = PerBackend::new(RefCell::new(Changes::new()));

/// What tokens say about a user has changed.
pub fn noted(relation: pg_sys::Oid, user: String, change: Change) {
    let mut changes = CHANGES.borrow_mut();
    let within = change.within;
    let first = changes.entry((relation.to_u32(), user)).or_insert(change);
    first.within = first.within.min(within);
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
    let has_cut_off = |relation: u32, user: &str| {
        let answer = Spi::get_one_with_args(
            "select authguard.user_updated($1, $2)",
            &[pg_sys::Oid::from(relation).into(), user.into()],
        );
        answer.unwrap_or_else(|_| Error::NoSchema.raise()) == Some(true)
    };
    with_snapshot(|| {
        let mut cut_off = false;
        for ((relation, user), change) in &changes {
            cut_off |= as_restricted(change.teller, || has_cut_off(*relation, user));
        }
        cut_off
    })
}

/// A subtransaction is rolled back: those that began after it were within it.
pub fn undone(subtransaction: pg_sys::SubTransactionId) {
    CHANGES
        .borrow_mut()
        .retain(|_, change| change.within < subtransaction);
}

/// The end of a transaction, committed or not.
pub fn end_of_transaction() {
    drop(CHANGES.take());
}
