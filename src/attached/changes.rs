//! Users of attached tables whose claims this transaction has changed.
//!
//! The changes are reported to SQL only when no code of the client can run any more before the
//! commit. There are two reasons: the cut-off is written under a lock that refreshes of the user
//! wait for, and a client can make a trigger fire early (SET CONSTRAINTS), or another trigger fire
//! after it.

use crate::error::Error;
use crate::pg::encoding::Utf8;
use crate::pg::restricted::as_restricted;
use crate::pg::state::PerBackend;
use crate::pg::transaction::with_snapshot;
use crate::schema;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A change of a user's row.
pub struct Change {
    /// The subtransaction that the change was noted in.
    pub within: pg_sys::SubTransactionId,
    /// The role that reports the change to SQL: the owner of the trigger's function.
    pub teller: pg_sys::Oid,
}

/// The changes by user, in canonical form, and table. Each row is in it once, however often it has
/// changed. All are reported in this order: an entry has a user for its key, whatever the table, so
/// no two transactions wait for each other's entries crosswise.
type Changes = BTreeMap<(String, u32), Change>;

static CHANGES: PerBackend<RefCell<Changes>> = PerBackend::new(RefCell::new(Changes::new()));

/// Notes that a user's row has changed in something that tokens say about the user.
pub fn noted(relation: pg_sys::Oid, user: String, change: Change) {
    let mut changes = CHANGES.borrow_mut();
    let within = change.within;
    let first = changes.entry((user, relation.to_u32())).or_insert(change);
    first.within = first.within.min(within);
}

/// Reports the changes. The transaction commits, and runs no more code of its client.
pub fn before_commit() {
    tell();
}

/// Reports the changes of a transaction that is being prepared. Raises an error if one of them has
/// left a cut-off: a prepared transaction must not keep the lock for as long as nobody ends it.
pub fn before_prepare() {
    if tell() {
        Error::PreparedChange.raise();
    }
}

/// Reports the changes, and returns true if one of them has left a cut-off.
fn tell() -> bool {
    let changes = CHANGES.take();
    if changes.is_empty() || !schema::is_installed() {
        // What the changes would be reported to may be dropped in the same transaction.
        return false;
    }
    let has_cut_off = |relation: u32, user: &str| {
        let answer = Spi::get_one_with_args(
            "select authguard.user_updated($1, $2)",
            &[
                pg_sys::Oid::from(relation).into(),
                Utf8(user.to_owned()).into(),
            ],
        );
        answer.unwrap_or_else(|_| Error::NoSchema.raise()) == Some(true)
    };
    with_snapshot(|| {
        let mut cut_off = false;
        for ((user, relation), change) in &changes {
            cut_off |= as_restricted(change.teller, || has_cut_off(*relation, user));
        }
        cut_off
    })
}

/// Forgets the changes of a subtransaction that is rolled back. Subtransactions that began after it
/// were within it.
pub fn undone(subtransaction: pg_sys::SubTransactionId) {
    CHANGES
        .borrow_mut()
        .retain(|_, change| change.within < subtransaction);
}

/// Forgets all changes when a transaction ends, committed or not.
pub fn end_of_transaction() {
    drop(CHANGES.take());
}
