//! The transaction and its invalidations (src/backend/access/transam/xact.c).

use super::confined;
use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
use pgrx::pg_sys::{self, PgTryBuilder};
use std::panic::AssertUnwindSafe;
use std::ptr;

/// The errors that [`catching`] does not catch: the whole transaction has failed, or is to end.
const OF_THE_TRANSACTION: [PgSqlErrorCode; 6] = [
    PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
    PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED,
    PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
    PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN,
    PgSqlErrorCode::ERRCODE_CRASH_SHUTDOWN,
    PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
];

/// A subtransaction that is begun and ended by calls, as a block with an exception handler does it
/// (exec_stmt_block in src/pl/plpgsql/src/pl_exec.c). What is begun last ends first.
pub struct Subtransaction(Around);

/// The memory context and the resource owner of the code around a subtransaction.
#[derive(Clone, Copy)]
struct Around {
    context: pg_sys::MemoryContext,
    owner: pg_sys::ResourceOwner,
}

impl Around {
    fn here() -> Self {
        // SAFETY: reads globals.
        unsafe {
            Self {
                context: pg_sys::CurrentMemoryContext,
                owner: pg_sys::CurrentResourceOwner,
            }
        }
    }

    /// Makes both the current ones again.
    fn put_back(self) {
        // SAFETY: both belong to the code around the subtransaction, which is still running.
        unsafe {
            pg_sys::MemoryContextSwitchTo(self.context);
            pg_sys::CurrentResourceOwner = self.owner;
        }
    }
}

impl Subtransaction {
    /// Begins one inside the current transaction or subtransaction.
    pub fn begin() -> Self {
        let around = Around::here();
        // SAFETY: the calls of exec_stmt_block, in their order. The code goes on in its own memory
        // context.
        unsafe {
            pg_sys::BeginInternalSubTransaction(ptr::null());
            pg_sys::MemoryContextSwitchTo(around.context);
        }
        Self(around)
    }

    /// Keeps the current role until it is rolled back: as in a SECURITY DEFINER function, no code
    /// can take another one, nor that of the session (src/backend/utils/misc/guc.c). Statements
    /// that no rollback undoes are refused until the end of [`closing`].
    pub fn confine(&self) {
        confined::refuse_if(true);
        let (mut user, mut context) = (pg_sys::InvalidOid, 0);
        // SAFETY: statics of miscinit.c. The rollback puts both back (AbortSubTransaction in
        // xact.c).
        unsafe {
            pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
            let local = pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32;
            pg_sys::SetUserIdAndSecContext(user, context | local);
        }
    }

    /// Undoes what has happened in it, roles and settings included, and ends it.
    pub fn roll_back(self) {
        // SAFETY: as in begin(); it is the current one.
        unsafe { pg_sys::RollbackAndReleaseCurrentSubTransaction() };
        self.0.put_back();
    }

    /// Ends it. What has happened in it belongs to the code around it now.
    fn release(self) {
        // SAFETY: as in begin(); it is the current one.
        unsafe { pg_sys::ReleaseCurrentSubTransaction() };
        self.0.put_back();
    }
}

/// Runs `work` in a subtransaction. If it raises an error, what it has written is undone, and the
/// error is the result.
pub fn catching<R>(work: impl FnOnce() -> R) -> Result<R, Box<ErrorReportWithLevel>> {
    let Subtransaction(around) = Subtransaction::begin();
    let result = PgTryBuilder::new(AssertUnwindSafe(|| Ok(work())))
        .catch_others(|error| {
            // pgrx has cleared Postgres's error state.
            Subtransaction(around).roll_back();
            match error {
                CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)
                    if !OF_THE_TRANSACTION.contains(&report.sql_error_code()) =>
                {
                    Err(Box::new(report))
                }
                _ => error.rethrow(),
            }
        })
        .execute();
    if result.is_ok() {
        Subtransaction(around).release();
    }
    result
}

/// Runs `work` in a subtransaction. If it raises an error, what it has written is undone, and the
/// result is `None`.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Option<R> {
    catching(work).ok()
}

/// Runs `work`, which may begin subtransactions. Those that it leaves open are rolled back, also if
/// it raises an error, which goes on then.
pub fn closing<R>(work: impl FnOnce() -> R) -> R {
    let around = Around::here();
    // SAFETY: reads the state of xact.c.
    let level = || unsafe { pg_sys::GetCurrentTransactionNestLevel() };
    let outside = level();
    let was_confined = confined::refuses();
    let close = || {
        while level() > outside {
            Subtransaction(around).roll_back();
        }
        confined::refuse_if(was_confined);
    };
    let result = PgTryBuilder::new(AssertUnwindSafe(work))
        .catch_others(|error| {
            close();
            error.rethrow()
        })
        .execute();
    close();
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
