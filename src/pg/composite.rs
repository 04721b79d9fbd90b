//! Answers that are rows of a composite type (src/backend/utils/fmgr/funcapi.c).

use super::call::{Call, Value};
use pgrx::pg_sys;
use std::ptr;

/// A row of the composite type that the called function returns. It has these columns, in the
/// type's order.
pub fn row(call: Call, columns: &[Value]) -> Value {
    let mut values: Vec<_> = columns.iter().map(|column| column.raw()).collect();
    let mut nulls: Vec<_> = columns
        .iter()
        .map(|column| column.datum().is_none())
        .collect();
    let mut descriptor: pg_sys::TupleDesc = ptr::null_mut();
    // SAFETY: the call is fmgr's; the descriptor is a copy in the current memory context, as is the
    // row, which keeps its type. There is a value for each of its columns, of the type that the SQL
    // declares.
    unsafe {
        let class =
            pg_sys::get_call_result_type(call.fcinfo(), ptr::null_mut(), &raw mut descriptor);
        assert_eq!(
            class,
            pg_sys::TypeFuncClass::TYPEFUNC_COMPOSITE,
            "the function returns a composite type"
        );
        assert_eq!(
            (*descriptor).natts as usize,
            columns.len(),
            "columns of the type"
        );
        let tuple = pg_sys::heap_form_tuple(descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
        Some(pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)).into()
    }
}
