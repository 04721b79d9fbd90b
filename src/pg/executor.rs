//! The hooks around the executor's run of a plan (ExecutorRun_hook and ExecutorFinish_hook in
//! src/backend/executor/execMain.c).
//!
//! Every statement passes here, so the way of a plan without workers is a few tests and a jump.
//! pgrx's own wrapper of `standard_ExecutorRun` would catch and raise each error once more. An
//! error leaves by a jump over the frames here, which own nothing.

use super::call::guarded;
use super::denials;
use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;

mod declared {
    use pgrx::pg_sys;

    unsafe extern "C-unwind" {
        #[cfg(not(feature = "pg18"))]
        pub fn standard_ExecutorRun(
            query: *mut pg_sys::QueryDesc,
            direction: pg_sys::ScanDirection::Type,
            count: u64,
            execute_once: bool,
        );
        #[cfg(feature = "pg18")]
        pub fn standard_ExecutorRun(
            query: *mut pg_sys::QueryDesc,
            direction: pg_sys::ScanDirection::Type,
            count: u64,
        );
        pub fn standard_ExecutorFinish(query: *mut pg_sys::QueryDesc);
    }
}

struct State {
    /// The function to call before a plan that may have workers.
    before_workers: Cell<fn()>,
    /// The function to call before each plan.
    #[cfg(feature = "pg18")]
    before_each: Cell<Option<fn()>>,
    /// The hook of another library, or Postgres's own function.
    next: Cell<pg_sys::ExecutorRun_hook_type>,
    /// The same of what finishes a plan.
    finish: Cell<pg_sys::ExecutorFinish_hook_type>,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    before_workers: Cell::new(|| {}),
    #[cfg(feature = "pg18")]
    before_each: Cell::new(None),
    next: Cell::new(Some(declared::standard_ExecutorRun)),
    finish: Cell::new(Some(declared::standard_ExecutorFinish)),
});

/// Calls `before_workers` before each plan that may have workers and that calls a function which is
/// not Postgres's own. To be called once, from `_PG_init`.
pub fn register(before_workers: fn()) {
    STATE.before_workers.set(before_workers);
    // SAFETY: a global of execMain.c; the library is never unloaded, so the hook stays.
    unsafe {
        if let Some(other) = pg_sys::ExecutorRun_hook {
            STATE.next.set(Some(other));
        }
        pg_sys::ExecutorRun_hook = Some(run);
        if let Some(other) = pg_sys::ExecutorFinish_hook {
            STATE.finish.set(Some(other));
        }
        pg_sys::ExecutorFinish_hook = Some(finish);
    }
}

/// Calls `call` before each plan, whatever is in it.
#[cfg(feature = "pg18")]
pub fn before_each(call: fn()) {
    STATE.before_each.set(Some(call));
}

#[cfg(not(feature = "pg18"))]
unsafe extern "C-unwind" fn run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    execute_once: bool,
) {
    // SAFETY: the executor hands its own query, and the next hook takes the same arguments.
    unsafe {
        look(query);
        let Some(next) = STATE.next.get() else { return };
        match denials::is_on() {
            false => next(query, direction, count, execute_once),
            true => denials::explained(query, move || next(query, direction, count, execute_once)),
        }
    }
}

#[cfg(feature = "pg18")]
unsafe extern "C-unwind" fn run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
) {
    // SAFETY: the executor hands its own query, and the next hook takes the same arguments.
    unsafe {
        look(query);
        let Some(next) = STATE.next.get() else { return };
        match denials::is_on() {
            false => next(query, direction, count),
            true => denials::explained(query, move || next(query, direction, count)),
        }
    }
}

/// A write in a WITH whose rows nobody has read up to the end is brought to its end here
/// (ExecPostprocessPlan in execMain.c).
unsafe extern "C-unwind" fn finish(query: *mut pg_sys::QueryDesc) {
    // SAFETY: the executor hands its own query, and the next hook takes the same argument.
    unsafe {
        let Some(next) = STATE.finish.get() else {
            return;
        };
        match denials::is_on() {
            false => next(query),
            true => denials::explained(query, move || next(query)),
        }
    }
}

/// # Safety
/// `query` is what the executor handed to its hook.
#[inline(always)]
unsafe fn look(query: *mut pg_sys::QueryDesc) {
    #[cfg(feature = "pg18")]
    if let Some(call) = STATE.before_each.get() {
        guarded(call);
    }
    // SAFETY: a query that runs has a plan.
    unsafe {
        let plan = (*query).plannedstmt;
        if (*plan).parallelModeNeeded && calls_functions(plan) {
            guarded(STATE.before_workers.get());
        }
    }
}

/// Returns true if a plan calls a function, or an operator of a function, that is not Postgres's
/// own. The planner notes these because the plan depends on them (record_plan_function_dependency
/// in optimizer/plan/setrefs.c).
///
/// # Safety
/// `plan` is a plan.
#[cold]
unsafe fn calls_functions(plan: *const pg_sys::PlannedStmt) -> bool {
    const FUNCTIONS: i32 = pg_sys::SysCacheIdentifier::PROCOID as i32;
    // SAFETY: invalItems is NULL or a list of PlanInvalItem.
    unsafe {
        let items = (*plan).invalItems;
        let count = items.as_ref().map_or(0, |items| items.length);
        (0..usize::try_from(count).unwrap_or(0)).any(|at| {
            let item = (*(*items).elements.add(at)).ptr_value;
            (*item.cast::<pg_sys::PlanInvalItem>()).cacheId == FUNCTIONS
        })
    }
}
