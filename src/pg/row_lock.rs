//! Locks of single rows, as `select … for update skip locked` takes them (src/backend/executor/nodeLockRows.c), without
//! an executor: that costs several times what the lock does.

use super::catalog::{Key, Row, scan_keys};
use pgrx::pg_sys::{self, Oid};
use std::ptr;

/// Where a row of a table is, as system column `ctid` says; that of a locked row stays.
pub type Tid = pg_sys::ItemPointerData;

/// Locks the row that equals `key` until the end of the transaction, and shows it and its place to `read`. `index`, asked
/// once the table is locked, gives a unique index of the key's column, if there is one. `None` where the transaction sees
/// no such row, where another transaction has it, and where one has changed it since: who waits for the row by `select …
/// for update` learns which.
pub fn try_lock<R>(
    table: Oid,
    index: impl FnOnce() -> Option<Oid>,
    key: &Key<'_>,
    read: impl FnOnce(&Row<'_>, Tid) -> R,
) -> Option<R> {
    // SAFETY: relation, snapshot, scan and slot are opened and closed here, in pairs; on an error the resource owner and
    // the memory context of the transaction close them. The key's data outlive the scan. The locked row is read while the
    // slot holds it. The method is the table's own, which may raise errors, so Postgres's error handling is around it; its
    // arguments are those of the executor.
    unsafe {
        pg_sys::PreventCommandIfReadOnly(c"SELECT FOR UPDATE".as_ptr());
        let relation = pg_sys::table_open(table, pg_sys::RowShareLock as i32);
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let snapshot = pg_sys::GetActiveSnapshot();
        let slot = pg_sys::table_slot_create(relation, ptr::null_mut());
        let mut read_row = None;
        if let Some(mut place) = find(relation, index(), snapshot, key) {
            let lock = (*(*relation).rd_tableam)
                .tuple_lock
                .expect("every table can lock rows");
            let command = pg_sys::GetCurrentCommandId(true);
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
                    pg_sys::TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS as u8,
                    &raw mut failure,
                )
            });
            if locked == pg_sys::TM_Result::TM_Ok {
                let tuple = pg_sys::ExecFetchSlotHeapTuple(slot, false, ptr::null_mut());
                read_row = Row::of(tuple, (*relation).rd_att).map(|row| read(&row, place));
            }
        }
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        pg_sys::PopActiveSnapshot();
        // The lock on the table lasts as long as that on the row.
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        read_row
    }
}

/// Where the row is that equals `key` in a snapshot.
///
/// # Safety
/// The relation is open, the index one of its own, and the snapshot active.
unsafe fn find(
    relation: pg_sys::Relation,
    index: Option<Oid>,
    snapshot: pg_sys::Snapshot,
    key: &Key<'_>,
) -> Option<Tid> {
    let mut keys = scan_keys(std::slice::from_ref(key));
    // SAFETY: as the caller promises; the slot is read before the scan ends.
    unsafe {
        let scan = pg_sys::systable_beginscan(
            relation,
            index.unwrap_or(pg_sys::InvalidOid),
            index.is_some(),
            snapshot,
            1,
            keys.as_mut_ptr(),
        );
        let found = !pg_sys::systable_getnext(scan).is_null();
        let place = found.then(|| (*(*scan).slot).tts_tid);
        pg_sys::systable_endscan(scan);
        place
    }
}
