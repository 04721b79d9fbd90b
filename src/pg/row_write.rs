//! Writes of single rows as a subscription applies them (src/backend/executor/execReplication.c):
//! with the indexes, constraints, generated columns and triggers of the table, but without a plan,
//! which costs twice as much as the write itself.
//!
//! No privileges are checked, and an insert gives no column its default. A trigger that names a
//! transition table finds none.

use super::call::Value;
use super::hidden_temp;
use super::relation::Relation;
use super::row_lock::Tid;
use crate::error::Error;
use pgrx::IntoDatum;
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;
use std::mem;
use std::ptr;

/// A column's number, from 1, its type, and a value of that type.
pub type NumberedValue = (i16, Oid, Value);

/// Raises an error if that command must not run: on a standby, in a transaction that is read-only,
/// and while workers share one.
pub fn require_writable(command: &CStr) {
    // SAFETY: reads the state of xact.c, or raises an error (tcop/utility.c).
    unsafe {
        pg_sys::PreventCommandIfReadOnly(command.as_ptr());
        pg_sys::PreventCommandIfParallelMode(command.as_ptr());
    }
}

/// Inserts a row with these columns; all others are NULL. The insert is a statement of its own. The
/// table is open with a lock for that.
pub fn insert(table: &Relation, columns: &[NumberedValue]) {
    // SAFETY: the slot is one of the open table, and all its columns are set before it is stored;
    // the state is the one that the table was opened for.
    unsafe {
        Statement::run(table, &[], |statement| {
            let slot = statement.slot(&raw const pg_sys::TTSOpsVirtual);
            statement.nulls(slot).fill(true);
            statement.set(slot, columns);
            pg_sys::ExecBSInsertTriggers(statement.state, statement.result);
            pg_sys::ExecSimpleRelationInsert(statement.result, statement.state, slot);
            statement.require_written(slot);
            pg_sys::ExecASInsertTriggers(statement.state, statement.result, ptr::null_mut());
        });
    }
}

/// Gives some columns of a row new values. This transaction has locked the row at that place. The
/// update is a statement of its own. The table is open with a lock for that. Raises an error if the
/// row has changed since.
pub fn update(table: &Relation, mut place: Tid, columns: &[NumberedValue]) {
    // SAFETY: as for an insert. The row is read into a slot of the table's own kind by the table's
    // own method, which may raise errors, so Postgres's error handling is around it; the other slot
    // points into that one, which is there until the end.
    unsafe {
        Statement::run(table, columns, |statement| {
            let relation = statement.relation;
            let fetch = (*(*relation).rd_tableam)
                .tuple_fetch_row_version
                .expect("every table can give a row by its place");
            let before = statement.slot(pg_sys::table_slot_callbacks(relation));
            let snapshot = pg_sys::GetActiveSnapshot();
            let is_there = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                fetch(relation, &raw mut place, snapshot, before)
            });
            assert!(is_there, "a row that this transaction has locked is there");
            let tuple = pg_sys::ExecFetchSlotHeapTuple(before, false, ptr::null_mut());
            let slot = statement.slot(&raw const pg_sys::TTSOpsVirtual);
            pg_sys::heap_deform_tuple(
                tuple,
                (*relation).rd_att,
                (*slot).tts_values,
                (*slot).tts_isnull,
            );
            statement.set(slot, columns);
            let again = recheck(statement.state);
            pg_sys::ExecBSUpdateTriggers(statement.state, statement.result);
            pg_sys::ExecSimpleRelationUpdate(
                statement.result,
                statement.state,
                again,
                before,
                slot,
            );
            statement.require_written(slot);
            pg_sys::ExecASUpdateTriggers(statement.state, statement.result, ptr::null_mut());
            pg_sys::EvalPlanQualEnd(again);
        });
    }
}

/// The next value of a sequence, for a column whose default takes it from there (nextval in
/// src/backend/commands/sequence.c).
pub fn next_id(sequence: Oid) -> i64 {
    // SAFETY: nextval_oid takes an OID and returns a bigint, never NULL, or raises an error.
    unsafe { pgrx::direct_function_call(pg_sys::nextval_oid, &[sequence.into_datum()]) }
        .expect("nextval is never NULL")
}

/// A command that writes to a table, and the state that an executor would have.
struct Statement<'r> {
    table: &'r Relation,
    relation: pg_sys::Relation,
    result: *mut pg_sys::ResultRelInfo,
    state: *mut pg_sys::EState,
}

impl<'r> Statement<'r> {
    /// Begins a command that updates these columns of a table. `work` writes; then the triggers
    /// run, and the rows become visible to the next command. All memory belongs to the state, and
    /// is freed with it.
    ///
    /// # Safety
    ///
    /// `work` writes only to that table, through the state that it is given.
    unsafe fn run(table: &'r Relation, updated: &[NumberedValue], work: impl FnOnce(&Self)) {
        let relation = table.raw();
        // SAFETY: done as in create_edata_for_relation and finish_edata of
        // src/backend/replication/logical/worker.c, plus the memory context. What is opened here is
        // closed here; on an error the end of the transaction or subtransaction closes indexes,
        // snapshot and triggers, and frees the state with the context around it.
        unsafe {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let state = pg_sys::CreateExecutorState();
            let around = pg_sys::MemoryContextSwitchTo((*state).es_query_cxt);
            (*state).es_output_cid = pg_sys::GetCurrentCommandId(true);
            (*state).es_snapshot = pg_sys::GetActiveSnapshot();
            describe(state, relation, updated);
            let result = node::<pg_sys::ResultRelInfo>(pg_sys::NodeTag::T_ResultRelInfo);
            pg_sys::InitResultRelInfo(result, relation, 1, ptr::null_mut(), 0);
            (*state).es_opened_result_relations =
                pg_sys::lappend((*state).es_opened_result_relations, result.cast());
            pg_sys::ExecOpenIndices(result, false);
            pg_sys::AfterTriggerBeginQuery();
            // Triggers that others have put on the table run here, with rights that the caller may
            // not have.
            hidden_temp::during(|| {
                work(&Self {
                    table,
                    relation,
                    result,
                    state,
                });
                pg_sys::AfterTriggerEndQuery(state);
            });
            pg_sys::ExecCloseIndices(result);
            pg_sys::ExecResetTupleTable((*state).es_tupleTable, false);
            pg_sys::MemoryContextSwitchTo(around);
            pg_sys::FreeExecutorState(state);
            pg_sys::PopActiveSnapshot();
            pg_sys::CommandCounterIncrement();
        }
    }

    /// A new slot for rows of the table, which the state frees.
    fn slot(&self, kind: *const pg_sys::TupleTableSlotOps) -> *mut pg_sys::TupleTableSlot {
        // SAFETY: state and relation are open; the callbacks are one of Postgres's own sets.
        unsafe { pg_sys::ExecInitExtraTupleSlot(self.state, (*self.relation).rd_att, kind) }
    }

    /// The flags of a slot that say which columns are NULL.
    ///
    /// # Safety
    ///
    /// The slot belongs to this statement, and nothing else reads or writes it meanwhile.
    unsafe fn nulls<'a>(&self, slot: *mut pg_sys::TupleTableSlot) -> &'a mut [bool] {
        // SAFETY: a slot has as many flags as its descriptor has columns (MakeTupleTableSlot in
        // execTuples.c).
        unsafe {
            let count = (*(*self.relation).rd_att).natts as usize;
            std::slice::from_raw_parts_mut((*slot).tts_isnull, count)
        }
    }

    /// Gives columns of a slot their values, and stores the slot's content as a row.
    ///
    /// # Safety
    ///
    /// As for [`Self::nulls`]; all other columns are set.
    unsafe fn set(&self, slot: *mut pg_sys::TupleTableSlot, columns: &[NumberedValue]) {
        // SAFETY: as for nulls(), and there are as many values.
        unsafe {
            let nulls = self.nulls(slot);
            let values = std::slice::from_raw_parts_mut((*slot).tts_values, nulls.len());
            let descriptor = (*self.relation).rd_att;
            for (column, of, value) in columns {
                // The type is 0 if the column is not there or is dropped.
                assert_eq!(
                    pg_sys::SPI_gettypeid(descriptor, i32::from(*column)),
                    *of,
                    "a value is of its column's type"
                );
                let place = usize::try_from(column - 1).expect("columns count from 1");
                (values[place], nulls[place]) = (value.raw(), value.datum().is_none());
            }
            pg_sys::ExecStoreVirtualTuple(slot);
        }
    }

    /// Raises an error if a trigger before the row has kept it from being written.
    ///
    /// # Safety
    ///
    /// The slot is the one that was to be written.
    unsafe fn require_written(&self, slot: *mut pg_sys::TupleTableSlot) {
        // SAFETY: the slot is open; a write of a row notes the row's place there
        // (heapam_handler.c).
        unsafe {
            if (*slot).tts_tid.ip_posid == 0 {
                Error::NotWritten(self.table.name()).raise();
            }
        }
    }
}

/// Tells the state which table is written to, and which of its columns are updated: triggers for
/// certain columns need that.
///
/// # Safety
///
/// State and relation are open; the state's memory context is the current one.
unsafe fn describe(
    state: *mut pg_sys::EState,
    relation: pg_sys::Relation,
    updated: &[NumberedValue],
) {
    // SAFETY: as the caller promises. The node is zeroed but for its tag, as makeNode makes it.
    unsafe {
        let entry = node::<pg_sys::RangeTblEntry>(pg_sys::NodeTag::T_RangeTblEntry);
        (*entry).rtekind = pg_sys::RTEKind::RTE_RELATION;
        (*entry).relid = (*relation).rd_id;
        (*entry).relkind = (*(*relation).rd_rel).relkind;
        (*entry).rellockmode = pg_sys::RowExclusiveLock as i32;
        let updated = updated.iter().fold(ptr::null_mut(), |set, (column, ..)| {
            let member = i32::from(*column) - pg_sys::FirstLowInvalidHeapAttributeNumber;
            pg_sys::bms_add_member(set, member)
        });
        let entries = pg_sys::lappend(ptr::null_mut(), entry.cast());
        #[cfg(any(feature = "pg14", feature = "pg15"))]
        {
            (*entry).updatedCols = updated;
            pg_sys::ExecInitRangeTable(state, entries);
        }
        #[cfg(not(any(feature = "pg14", feature = "pg15")))]
        {
            let mut permissions = ptr::null_mut();
            (*pg_sys::addRTEPermissionInfo(&raw mut permissions, entry)).updatedCols = updated;
            #[cfg(any(feature = "pg16", feature = "pg17"))]
            pg_sys::ExecInitRangeTable(state, entries, permissions);
            #[cfg(not(any(feature = "pg16", feature = "pg17")))]
            pg_sys::ExecInitRangeTable(state, entries, permissions, pg_sys::bms_make_singleton(1));
        }
    }
}

/// The state that the triggers of an update need for a row that has changed meanwhile.
///
/// # Safety
///
/// The state is open, and its memory context is the current one.
unsafe fn recheck(state: *mut pg_sys::EState) -> *mut pg_sys::EPQState {
    // SAFETY: as the caller promises.
    unsafe {
        let recheck = zeroed::<pg_sys::EPQState>();
        let (plan, nothing) = (ptr::null_mut(), ptr::null_mut());
        #[cfg(any(feature = "pg14", feature = "pg15"))]
        pg_sys::EvalPlanQualInit(recheck, state, plan, nothing, -1);
        #[cfg(not(any(feature = "pg14", feature = "pg15")))]
        pg_sys::EvalPlanQualInit(recheck, state, plan, nothing, -1, ptr::null_mut());
        recheck
    }
}

/// A node with that tag, zeroed otherwise, in the current memory context (makeNode in
/// nodes/nodes.h).
///
/// # Safety
/// `T` is the type of that tag.
unsafe fn node<T>(tag: pg_sys::NodeTag) -> *mut T {
    let node = zeroed::<T>();
    // SAFETY: every node begins with its tag.
    unsafe { *node.cast::<pg_sys::NodeTag>() = tag };
    node
}

/// A zeroed value of a type of Postgres's own, in the current memory context.
fn zeroed<T>() -> *mut T {
    // SAFETY: palloc0 gives as many bytes, aligned for every type, or raises an error.
    unsafe { pg_sys::palloc0(mem::size_of::<T>()).cast() }
}
