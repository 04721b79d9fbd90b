//! Tells an estimate of the planner from a call that counts.
//!
//! To estimate how many rows a comparison finds, the planner runs its STABLE functions
//! (estimate_expression_value in optimizer/util/clauses.c). A query whose plan never calls such a
//! function must not fail because of that, and neither may EXPLAIN.

use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::ptr;

/// The memory context that the planner was called in; NULL if it does not run.
static PLANNING_IN: PerBackend<Cell<pg_sys::MemoryContext>> =
    PerBackend::new(Cell::new(ptr::null_mut()));

/// The hook that was set before this one.
static NEXT: PerBackend<Cell<pg_sys::planner_hook_type>> = PerBackend::new(Cell::new(None));

/// Notes from now on when the planner runs. To be called once, from `_PG_init`.
pub fn watch() {
    // SAFETY: reads and sets a global of planner.c, which a library may chain.
    unsafe {
        NEXT.set(pg_sys::planner_hook);
        pg_sys::planner_hook = Some(plan);
    }
}

/// Returns true if the planner itself calls the running function, to estimate with its result or to
/// fold a constant, and the function is none that another function calls. A STABLE function is
/// never folded.
///
/// The planner evaluates an expression in an executor state of its own, whose memory is below the
/// memory that the planner runs in (evaluate_expr). The states of all other expressions are
/// elsewhere: of a function that the planner calls and that has queries or expressions itself, they
/// are below the first, or below the transaction.
pub fn is_estimate() -> bool {
    let planner = PLANNING_IN.get();
    if planner.is_null() {
        return false;
    }
    // SAFETY: the current memory context and those above it are alive, and the topmost has no
    // parent.
    unsafe {
        let parent = |context: pg_sys::MemoryContext| match context.is_null() {
            true => context,
            false => (*context).parent,
        };
        parent(parent(pg_sys::CurrentMemoryContext)) == planner
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn plan(
    query: *mut pg_sys::Query,
    text: *const c_char,
    options: c_int,
    parameters: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    /// Puts the context of an outer call back, also when it is dropped by unwinding.
    struct Outer(pg_sys::MemoryContext);

    impl Drop for Outer {
        fn drop(&mut self) {
            PLANNING_IN.set(self.0);
        }
    }

    // SAFETY: reads a global.
    let _outer = Outer(PLANNING_IN.replace(unsafe { pg_sys::CurrentMemoryContext }));
    // SAFETY: the arguments are those of the hook, for the next in the chain.
    unsafe {
        match NEXT.get() {
            Some(next) => {
                pgrx::pg_sys::ffi::pg_guard_ffi_boundary(|| next(query, text, options, parameters))
            }
            None => pg_sys::standard_planner(query, text, options, parameters),
        }
    }
}
