//! The transaction and its invalidations (src/backend/access/transam/xact.c).

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::pg_sys::{self, PgTryBuilder};
use std::panic::AssertUnwindSafe;
use std::ptr;

/// The errors that [`attempt`] does not catch: the whole transaction has failed, or is to end.
const OF_THE_TRANSACTION: [PgSqlErrorCode; 6] = [
    PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
    PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED,
    PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
    PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN,
    PgSqlErrorCode::ERRCODE_CRASH_SHUTDOWN,
    PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
];

/// Runs `work` in a subtransaction. If it raises an error, what it has written is undone, and the
/// result is `None`.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Option<R> {
    // SAFETY: the calls of a block with an exception handler, in their order (exec_stmt_block in
    // src/pl/plpgsql/src/pl_exec.c): begun here, and released or rolled back below. The memory
    // context and the resource owner of the caller are put back after either.
    let (context, owner) = unsafe {
        let (context, owner) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        (context, owner)
    };
    let put_back = || {
        // SAFETY: as above; both outlive the subtransaction.
        unsafe {
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::CurrentResourceOwner = owner;
        }
    };
    let result = PgTryBuilder::new(AssertUnwindSafe(|| Some(work())))
        .catch_others(|error| {
            // SAFETY: as above. pgrx has cleared Postgres's error state.
            unsafe { pg_sys::RollbackAndReleaseCurrentSubTransaction() };
            put_back();
            match &error {
                CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)
                    if !OF_THE_TRANSACTION.contains(&report.sql_error_code()) =>
                {
                    None
                }
                _ => error.rethrow(),
            }
        })
        .execute();
    if result.is_some() {
        // SAFETY: as above.
        unsafe { pg_sys::ReleaseCurrentSubTransaction() };
        put_back();
    }
    result
}

/// Executes the invalidations that other backends have sent since the last look.
pub fn accept_invalidations() {
    // SAFETY: allowed anywhere inside a transaction; every relation_open does the same.
    unsafe { pg_sys::AcceptInvalidationMessages() }
}

/// Returns true if this server was built and set to discard all caches, and to report everything as
/// changed, whenever invalidations are accepted: `debug_discard_caches`.
pub fn discards_caches() -> bool {
    // SAFETY: a global of inval.c.
    unsafe { pg_sys::debug_discard_caches > 0 }
}

/// Runs `work` with the snapshot that statements have. `work` runs SQL while no statement runs.
pub fn with_snapshot<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: pushed and popped here, in a pair; on an error the end of the transaction pops it
    // (utils/time/snapmgr.c).
    unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::PopActiveSnapshot() };
    result
}

/// Returns true if a setting that is local to the transaction outlives this statement.
pub fn in_block() -> bool {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::IsTransactionBlock() || pg_sys::IsSubTransaction() }
}

/// Returns true if all statements of the transaction have one snapshot. They do above isolation
/// level read committed (IsolationUsesXactSnapshot in access/xact.h).
pub fn keeps_snapshot() -> bool {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// Returns true at isolation level read committed.
pub fn is_read_committed() -> bool {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::XactIsoLevel == pg_sys::XACT_READ_COMMITTED as i32 }
}

/// Returns true if a transaction is in progress and not ending.
pub fn is_in_progress() -> bool {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::IsTransactionState() }
}

/// Returns true in a parallel worker, which lives for a part of one statement.
pub fn is_parallel_worker() -> bool {
    // SAFETY: a global of parallel.c.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 }
}

/// Returns true in a parallel worker that is taking over the settings of its leader.
pub fn is_worker_starting() -> bool {
    // SAFETY: a global of parallel.c.
    unsafe { pg_sys::InitializingParallelWorker }
}

/// Returns true while a plan runs in parallel, in its leader and in its workers: no setting can be
/// changed then.
pub fn is_parallel() -> bool {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::IsInParallelMode() }
}

/// The subtransaction that runs, counted within its transaction.
pub fn current_subtransaction() -> pg_sys::SubTransactionId {
    // SAFETY: reads the state of xact.c.
    unsafe { pg_sys::GetCurrentSubTransactionId() }
}

/// The number of the transaction, with its epoch, as `pg_current_xact_id()` returns it. The
/// transaction gets one if it has none.
pub fn number() -> i64 {
    // SAFETY: what every write does first (src/backend/access/heap/heapam.c).
    unsafe { pg_sys::GetTopFullTransactionId() }
        .value
        .cast_signed()
}

/// The role whose privileges count. In a SECURITY DEFINER function it is the function's owner.
pub fn current_user() -> pg_sys::Oid {
    // SAFETY: returns a static of miscinit.c.
    unsafe { pg_sys::GetUserId() }
}

/// Sends an invalidation of a relation to every backend and standby, at the commit
/// (src/backend/utils/cache/inval.c).
pub fn invalidate(relation: pg_sys::Oid) {
    // SAFETY: looks the relation up in the system cache, and raises an error if there is none. Its
    // invalidation goes through Postgres's own queue and WAL.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) };
}
