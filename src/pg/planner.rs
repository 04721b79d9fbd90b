//! Tells an estimate of the planner from a call that counts.
//!
//! To estimate how many rows a comparison finds, the planner runs its STABLE functions
//! (estimate_expression_value in optimizer/util/clauses.c). A query whose plan never calls such a
//! function must not fail because of that, and neither may EXPLAIN.

use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::hint::black_box;
use std::ptr;

mod declared {
    use super::{c_char, c_int, pg_sys};

    unsafe extern "C-unwind" {
        pub fn standard_planner(
            query: *mut pg_sys::Query,
            text: *const c_char,
            options: c_int,
            parameters: pg_sys::ParamListInfo,
        ) -> *mut pg_sys::PlannedStmt;
    }
}

type Planner = unsafe extern "C-unwind" fn(
    *mut pg_sys::Query,
    *const c_char,
    c_int,
    pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt;

/// The hook of another library, or Postgres's own function.
static NEXT: PerBackend<Cell<Planner>> = PerBackend::new(Cell::new(declared::standard_planner));

/// Notes from now on when the planner runs. To be called once, from `_PG_init`.
pub fn watch() {
    // SAFETY: reads and sets a global of planner.c, which a library may chain.
    unsafe {
        if let Some(other) = pg_sys::planner_hook {
            NEXT.set(other);
        }
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
    // SAFETY: the entries of the list live in frames that are running (elog.h). The current memory
    // context and those above it are alive, and the topmost has no parent.
    unsafe {
        let parent = |context: pg_sys::MemoryContext| match context.is_null() {
            true => context,
            false => (*context).parent,
        };
        let mut entry = pg_sys::error_context_stack;
        while let Some(it) = entry.as_ref() {
            if it.callback.is_some_and(|it| ptr::fn_addr_eq(it, MARK)) {
                return parent(parent(pg_sys::CurrentMemoryContext)) == it.arg.cast();
            }
            entry = it.previous;
        }
        false
    }
}

const MARK: unsafe extern "C-unwind" fn(*mut c_void) = planning;

/// Something that only [`planning`] names.
static OWN: u8 = 0;

/// Marks the planner's place in the list of what Postgres calls at an error, and does nothing
/// there. It names [`OWN`], because functions that do the same may get the same address in a build
/// for release.
unsafe extern "C-unwind" fn planning(_planner: *mut c_void) {
    black_box(&raw const OWN);
}

/// Every query passes here. An error leaves by a jump over this frame, which owns nothing: pgrx's
/// own wrapper would copy each error, and lose its position in the query. Whoever catches the error
/// puts the list of callbacks back (PG_CATCH in utils/elog.h), and with it goes the mark.
unsafe extern "C-unwind" fn plan(
    query: *mut pg_sys::Query,
    text: *const c_char,
    options: c_int,
    parameters: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: the mark is taken off before this frame is left. The arguments are those of the hook,
    // for the next in the chain.
    unsafe {
        let mut mark = pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(MARK),
            arg: pg_sys::CurrentMemoryContext.cast(),
        };
        pg_sys::error_context_stack = &raw mut mark;
        let planned = NEXT.get()(query, text, options, parameters);
        pg_sys::error_context_stack = mark.previous;
        planned
    }
}
