//! What no rollback undoes, refused to code that is only tried (ProcessUtility_hook in
//! src/backend/tcop/utility.c).
//!
//! Prepared statements belong to the session. A policy that is tried could put one of its own in
//! the place of one that the session runs later, with the session's rights.

use super::call::guarded;
use super::state::PerBackend;
use crate::error::Report;
use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::{self, NodeTag};
use std::cell::Cell;
use std::ffi::c_char;

mod declared {
    use super::{c_char, pg_sys};

    unsafe extern "C-unwind" {
        /// Declared here because pgrx's own wrapper would catch and raise each error once more.
        pub fn standard_ProcessUtility(
            statement: *mut pg_sys::PlannedStmt,
            text: *const c_char,
            read_only: bool,
            context: pg_sys::ProcessUtilityContext::Type,
            parameters: pg_sys::ParamListInfo,
            environment: *mut pg_sys::QueryEnvironment,
            receiver: *mut pg_sys::DestReceiver,
            completion: *mut pg_sys::QueryCompletion,
        );
    }
}

struct State {
    is_on: Cell<bool>,
    /// The hook of another library, or Postgres's own function.
    next: Cell<pg_sys::ProcessUtility_hook_type>,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    is_on: Cell::new(false),
    next: Cell::new(Some(declared::standard_ProcessUtility)),
});

/// Puts the hook in place. To be called once, from `_PG_init`.
pub fn register() {
    // SAFETY: a global of utility.c; the library is never unloaded, so the hook stays.
    unsafe {
        if let Some(other) = pg_sys::ProcessUtility_hook {
            STATE.next.set(Some(other));
        }
        pg_sys::ProcessUtility_hook = Some(run);
    }
}

/// Refuses such statements from now on, or no longer.
pub fn refuse_if(is_on: bool) {
    STATE.is_on.set(is_on);
}

/// Returns true if such statements are refused.
pub fn refuses() -> bool {
    STATE.is_on.get()
}

unsafe extern "C-unwind" fn run(
    statement: *mut pg_sys::PlannedStmt,
    text: *const c_char,
    read_only: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    receiver: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: Postgres hands a utility statement, and the next hook takes the same arguments. An
    // error leaves by a jump over this frame, which owns nothing.
    unsafe {
        if STATE.is_on.get() && outlives_rollback((*(*statement).utilityStmt).type_) {
            guarded(raise);
        }
        let Some(next) = STATE.next.get() else { return };
        next(
            statement,
            text,
            read_only,
            context,
            parameters,
            environment,
            receiver,
            completion,
        );
    }
}

fn outlives_rollback(tag: NodeTag) -> bool {
    matches!(
        tag,
        NodeTag::T_PrepareStmt | NodeTag::T_DeallocateStmt | NodeTag::T_DiscardStmt
    )
}

/// Raises the error, with Postgres's own code for it (CheckRestrictedOperation).
fn raise() {
    let message =
        "PREPARE, DEALLOCATE and DISCARD cannot be tried, because no rollback undoes them";
    Report::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message).raise();
}
