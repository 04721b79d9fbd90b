//! Invalidations of system caches (src/backend/utils/cache/inval.c).

use super::state::PerBackend;
use pgrx::pg_sys::{self, SysCacheIdentifier};
use std::cell::Cell;

static FUNCTIONS: PerBackend<Cell<fn(u32)>> = PerBackend::new(Cell::new(|_hash| {}));
static SCHEMAS: PerBackend<Cell<fn(u32)>> = PerBackend::new(Cell::new(|_hash| {}));

/// Calls `function` when a function has changed, with its hash (see [`super::catalog::function_hash`]; 0 is all of
/// them), and `schema` when a schema has. Neither may call Postgres. To be called once, from `_PG_init`.
pub fn call(function: fn(u32), schema: fn(u32)) {
    FUNCTIONS.set(function);
    SCHEMAS.set(schema);
    for (cache, callback) in [
        (SysCacheIdentifier::PROCOID, function_changed as _),
        (SysCacheIdentifier::NAMESPACEOID, schema_changed as _),
    ] {
        // SAFETY: the callback is a static of a library that is never unloaded.
        unsafe {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as i32,
                Some(callback),
                pg_sys::Datum::from(0),
            );
        }
    }
}

unsafe extern "C-unwind" fn function_changed(_: pg_sys::Datum, _cache: i32, hash: u32) {
    (FUNCTIONS.get())(hash);
}

unsafe extern "C-unwind" fn schema_changed(_: pg_sys::Datum, _cache: i32, hash: u32) {
    (SCHEMAS.get())(hash);
}
