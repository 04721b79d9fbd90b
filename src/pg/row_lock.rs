//! Locks of single rows, as `select … for update skip locked` takes them
//! (src/backend/executor/nodeLockRows.c), but without an executor, which costs several times as
//! much as the lock.

use super::catalog::{Key, Row, scan_keys};
use super::relation::Relation;
use super::transaction;
use crate::error::Error;
use pgrx::pg_sys::{self, Oid};
use std::ptr;

/// The place of a row in its table, as system column `ctid` gives it. The place of a locked row
/// stays.
pub type Tid = pg_sys::ItemPointerData;

/// The result of trying to lock a row.
pub enum RowLock<R> {
    /// This transaction has the row until it ends.
    Locked(R),
    /// Another transaction has the row.
    Unavailable,
    /// The transaction sees no such row, or the row is not wanted.
    Missing,
}

/// Locks the row that equals `key` until the end of the transaction, and shows the row and its
/// place to `read`. The table is open with a lock for that. `index` is one of the table's indexes
/// that begins with the key's column, if there is one. If `wanted` is given and returns false for a
/// row, the row is not locked. The newest version of the row is locked, as the executor does it.
/// Above isolation level read committed, a change since the snapshot is an error (40001).
pub fn try_lock<R>(
    table: &Relation,
    index: Option<Oid>,
    key: &Key<'_>,
    wanted: Option<&dyn Fn(&Row) -> bool>,
    read: impl FnOnce(&Row<'_>, Tid) -> R,
) -> RowLock<R> {
    let relation = table.raw();
    // SAFETY: the relation is open. Snapshot, scan and slot are opened and closed here, in pairs;
    // on an error the resource owner and the memory context of the transaction close them. The
    // key's data outlive the scan. The locked row is read while the slot holds it. The method is
    // the table's own, which may raise errors, so Postgres's error handling is around it; its
    // arguments are those of the executor.
    unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let snapshot = pg_sys::GetActiveSnapshot();
        let slot = pg_sys::table_slot_create(relation, ptr::null_mut());
        let mut result = RowLock::Missing;
        if let Some(mut place) = find(relation, index, snapshot, key, wanted) {
            let lock = (*(*relation).rd_tableam)
                .tuple_lock
                .expect("every table can lock rows");
            let command = pg_sys::GetCurrentCommandId(true);
            let mut flags = pg_sys::TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
            if !transaction::keeps_snapshot() {
                flags |= pg_sys::TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
            }
            let mut failure = pg_sys::TM_FailureData::default();
            let locked = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                lock(
                    relation,
                    &raw mut place,
                    snapshot,
                    slot,
                    command,
                    pg_sys::LockTupleMode::LockTupleExclusive,
                    pg_sys::LockWaitPolicy::LockWaitSkip,
                    flags as u8,
                    &raw mut failure,
                )
            });
            match locked {
                pg_sys::TM_Result::TM_Ok => {
                    let tuple = pg_sys::ExecFetchSlotHeapTuple(slot, false, ptr::null_mut());
                    // The locked version may be another one than the one that was found, and may
                    // not be wanted any more.
                    let wanted = wanted.filter(|_| failure.traversed);
                    let row = Row::of(tuple, (*relation).rd_att);
                    let row = row.filter(|row| wanted.is_none_or(|wanted| wanted(row)));
                    if let Some(row) = row {
                        result = RowLock::Locked(read(&row, place));
                    }
                }
                pg_sys::TM_Result::TM_Updated | pg_sys::TM_Result::TM_Deleted
                    if transaction::keeps_snapshot() =>
                {
                    Error::ConcurrentUpdate.raise()
                }
                pg_sys::TM_Result::TM_WouldBlock => result = RowLock::Unavailable,
                // The row was deleted meanwhile, or changed by the command that this is a part of.
                _ => {}
            }
        }
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// The place of the row that equals `key` in a snapshot, if it is wanted.
///
/// # Safety
/// The relation is open, the index one of its own, and the snapshot active.
unsafe fn find(
    relation: pg_sys::Relation,
    index: Option<Oid>,
    snapshot: pg_sys::Snapshot,
    key: &Key<'_>,
    wanted: Option<&dyn Fn(&Row) -> bool>,
) -> Option<Tid> {
    let mut keys = scan_keys(std::slice::from_ref(key));
    // SAFETY: as the caller promises; the row and the slot are read before the scan ends.
    unsafe {
        let scan = pg_sys::systable_beginscan(
            relation,
            index.unwrap_or(pg_sys::InvalidOid),
            index.is_some(),
            snapshot,
            1,
            keys.as_mut_ptr(),
        );
        let tuple = pg_sys::systable_getnext(scan);
        let is_wanted = !tuple.is_null()
            && wanted.is_none_or(|wanted| {
                Row::of(tuple, (*relation).rd_att).is_some_and(|row| wanted(&row))
            });
        let place = is_wanted.then(|| (*(*scan).slot).tts_tid);
        pg_sys::systable_endscan(scan);
        place
    }
}
