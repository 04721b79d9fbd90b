//! The hook that runs before a utility statement (ProcessUtility_hook in
//! src/backend/tcop/utility.c).
//!
//! As in `executor`, an error leaves by a jump over the frames here, which own nothing.

use super::call::guarded;
use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::c_char;

mod declared {
    use super::{c_char, pg_sys};

    unsafe extern "C-unwind" {
        pub fn standard_ProcessUtility(
            statement: *mut pg_sys::PlannedStmt,
            text: *const c_char,
            read_only_tree: bool,
            context: pg_sys::ProcessUtilityContext::Type,
            parameters: pg_sys::ParamListInfo,
            environment: *mut pg_sys::QueryEnvironment,
            destination: *mut pg_sys::DestReceiver,
            completion: *mut pg_sys::QueryCompletion,
        );
    }
}

struct State {
    call: Cell<fn()>,
    /// The hook of another library, or Postgres's own function.
    next: Cell<pg_sys::ProcessUtility_hook_type>,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    call: Cell::new(|| {}),
    next: Cell::new(Some(declared::standard_ProcessUtility)),
});

/// Calls `call` before each utility statement, apart from those that control a transaction or a
/// setting: before them a transaction may have no snapshot. To be called once.
pub fn before_each(call: fn()) {
    STATE.call.set(call);
    // SAFETY: a global of utility.c; the library is never unloaded, so the hook stays.
    unsafe {
        if let Some(other) = pg_sys::ProcessUtility_hook {
            STATE.next.set(Some(other));
        }
        pg_sys::ProcessUtility_hook = Some(run);
    }
}

unsafe extern "C-unwind" fn run(
    statement: *mut pg_sys::PlannedStmt,
    text: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    destination: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: utility.c hands its own statement, which has a node; the next hook takes the same
    // arguments.
    unsafe {
        if !matches!(
            (*(*statement).utilityStmt).type_,
            pg_sys::NodeTag::T_TransactionStmt
                | pg_sys::NodeTag::T_VariableSetStmt
                | pg_sys::NodeTag::T_VariableShowStmt
        ) {
            guarded(STATE.call.get());
        }
        if let Some(next) = STATE.next.get() {
            next(
                statement,
                text,
                read_only_tree,
                context,
                parameters,
                environment,
                destination,
                completion,
            );
        }
    }
}
