//! Planner support (src/include/nodes/supportnodes.h): the estimate of how often a check is true.
//!
//! The planner guesses 1/3 for any boolean function. For a guarded table that is far too few rows,
//! or far too many. A check is the same for all rows of a statement, and guards are written for the
//! clients that pass them. So `is_revoked()` is almost never true, and `is_active()` almost always.

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
    // request node; the node's tag says which. NULL is the answer to other requests.
    unsafe {
        if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_SupportRequestSelectivity {
            return pg_sys::Datum::from(0);
        }
        (*node.cast::<pg_sys::SupportRequestSelectivity>()).selectivity = fraction;
    }
    request
}
