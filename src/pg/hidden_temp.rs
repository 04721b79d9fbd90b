//! Keeps the session's temporary schema out of what somebody else's functions find by name
//! (src/backend/catalog/namespace.c, src/backend/utils/fmgr/fmgr.c).
//!
//! If `search_path` does not name pg_temp, Postgres looks there first for tables and types. So a
//! client's temporary table would stand for a table of any function whose own `search_path` was
//! written without it, or with it in front.

use super::call::guarded;
use super::guc;
use super::state::PerBackend;
use crate::error::Error;
use pgrx::pg_sys::{self, Datum, Oid};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_void};

/// The hooks that others have set.
struct Others {
    function: Cell<pg_sys::fmgr_hook_type>,
    access: Cell<pg_sys::object_access_hook_type>,
    /// The number of runs that last.
    depth: Cell<u32>,
}

static OTHERS: PerBackend<Others> = PerBackend::new(Others {
    function: Cell::new(None),
    access: Cell::new(None),
    depth: Cell::new(0),
});

/// Runs `work`. In every function that it calls, the temporary schema comes last, whatever
/// `search_path` the function declares. A `search_path` that code sets while it runs must name
/// pg_temp itself; if it does not, and the session has a temporary schema, looking up a name is an
/// error.
pub fn during<R>(work: impl FnOnce() -> R) -> R {
    /// Takes the hooks away again, also when it is dropped by unwinding.
    struct Hooked;

    impl Drop for Hooked {
        fn drop(&mut self) {
            OTHERS.depth.set(OTHERS.depth.get() - 1);
            if OTHERS.depth.get() == 0 {
                // SAFETY: globals of fmgr.c and objectaccess.c, which this backend alone reads.
                unsafe {
                    pg_sys::fmgr_hook = OTHERS.function.take();
                    pg_sys::object_access_hook = OTHERS.access.take();
                }
            }
        }
    }

    if OTHERS.depth.get() == 0 {
        // SAFETY: as above; both hooks have the signature that is called.
        unsafe {
            OTHERS.function.set(pg_sys::fmgr_hook);
            OTHERS.access.set(pg_sys::object_access_hook);
            pg_sys::fmgr_hook = Some(function_begins);
            pg_sys::object_access_hook = Some(schema_is_searched);
        }
    }
    OTHERS.depth.set(OTHERS.depth.get() + 1);
    let _hooked = Hooked;
    work()
}

/// Called once a function's own settings are in force (fmgr_security_definer).
unsafe extern "C-unwind" fn function_begins(
    event: pg_sys::FmgrHookEventType::Type,
    function: *mut pg_sys::FmgrInfo,
    private: *mut Datum,
) {
    if event == pg_sys::FmgrHookEventType::FHET_START {
        guarded(|| {
            if let Some(path) = path_with_temp_last() {
                guc::set(c"search_path", &path, pg_sys::GucAction::GUC_ACTION_SAVE);
            }
        });
    }
    if let Some(other) = OTHERS.function.get() {
        // SAFETY: the other hook gets what this one got.
        unsafe { other(event, function, private) };
    }
}

/// Called for each schema of a `search_path` that is looked at for the first time
/// (recomputeNamespacePath).
unsafe extern "C-unwind" fn schema_is_searched(
    access: pg_sys::ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    part: c_int,
    argument: *mut c_void,
) {
    if access == pg_sys::ObjectAccessType::OAT_NAMESPACE_SEARCH {
        guarded(|| {
            if has_temp_schema() && path_with_temp_last().is_some() {
                Error::TempFirst.raise();
            }
        });
    }
    if let Some(other) = OTHERS.access.get() {
        // SAFETY: the other hook gets what this one got.
        unsafe { other(access, class, object, part, argument) };
    }
}

/// The present `search_path` with pg_temp at its end, and nowhere else, if it is not like that.
fn path_with_temp_last() -> Option<CString> {
    // SAFETY: guc.c keeps the string until it is assigned again, and nothing does meanwhile.
    let path = unsafe { CStr::from_ptr(pg_sys::namespace_search_path) };
    let schemas = guc::identifiers(path)?;
    let is_temp = |schema: &CString| schema.as_c_str() == c"pg_temp";
    let named = schemas.iter().filter(|schema| is_temp(schema)).count();
    match named {
        // As it is written.
        0 => {
            let mut all = path.to_bytes().to_vec();
            all.extend_from_slice(if schemas.is_empty() {
                b"pg_temp"
            } else {
                b", pg_temp"
            });
            CString::new(all).ok()
        }
        1 if schemas.last().is_some_and(is_temp) => None,
        _ => {
            let others = schemas.iter().filter(|schema| !is_temp(schema));
            let mut all = Vec::new();
            for schema in others {
                all.extend_from_slice(&guc::quoted(schema));
                all.extend_from_slice(b", ");
            }
            all.extend_from_slice(b"pg_temp");
            CString::new(all).ok()
        }
    }
}

fn has_temp_schema() -> bool {
    let (mut schema, mut toast) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
    // SAFETY: reads statics of namespace.c.
    unsafe { pg_sys::GetTempNamespaceState(&raw mut schema, &raw mut toast) };
    schema != pg_sys::InvalidOid
}
