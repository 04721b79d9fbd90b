//! Planner support (src/include/nodes/supportnodes.h): how often a check is true.
//!
//! The planner guesses 1/3 for any boolean function: far too few or far too many rows of every
//! guarded table. A check is the same for all rows of a statement, and guards are written for the
//! clients that pass them: `is_revoked()` is almost never true, `is_active()` almost always.

use super::call::{Call, raw_function};
use pgrx::pg_sys;

raw_function!(authguard_support_never, |call| selectivity(call, 0.0));
raw_function!(authguard_support_always, |call| selectivity(call, 1.0));

fn selectivity(call: Call, fraction: f64) -> pg_sys::Datum {
    let Some(request) = call.argument(0) else {
        return call.null();
    };
    let node = request.cast_mut_ptr::<pg_sys::Node>();
    // SAFETY: the argument is of type `internal`, so only the planner can call, with a pointer to a
    // request node; its tag tells which. NULL is the answer to other requests.
    unsafe {
        if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_SupportRequestSelectivity {
            return pg_sys::Datum::from(0);
        }
        (*node.cast::<pg_sys::SupportRequestSelectivity>()).selectivity = fraction;
    }
    request
}
