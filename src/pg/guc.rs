//! Settings as guc.c keeps them (src/backend/utils/misc/guc.c).

use super::hook::Hook;
use super::state::PerBackend;
use pgrx::pg_sys::{self, GucSource};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

static ASSIGNED: Hook = Hook::new();

/// A text for the server's file or ALTER SYSTEM that decides which tokens are good.
pub struct Text(PerBackend<Cell<*mut c_char>>);

impl Text {
    pub const fn new() -> Self {
        Self(PerBackend::new(Cell::new(ptr::null_mut())))
    }

    /// `call` is called whenever one of them is assigned. To be called before they are defined.
    pub fn when_assigned(call: fn()) {
        ASSIGNED.set(call);
    }

    /// To be called once, from `_PG_init`.
    pub fn define(
        &'static self,
        name: &'static CStr,
        description: &'static CStr,
        default: &'static CStr,
        flags: u32,
    ) {
        // SAFETY: the name, the texts and the value's address are statics that live as long as the backend; a
        // Cell has the address of what is in it.
        unsafe {
            pg_sys::DefineCustomStringVariable(
                name.as_ptr(),
                description.as_ptr(),
                ptr::null(),
                self.0.as_ptr(),
                default.as_ptr(),
                pg_sys::GucContext::PGC_SIGHUP,
                flags as c_int,
                None,
                Some(assign_text),
                None,
            );
        }
    }

    /// A copy of the text.
    pub fn get(&self) -> String {
        // SAFETY: guc.c keeps the string until the next assignment.
        let text = unsafe { text_or_empty(self.0.get()) };
        text.to_string_lossy().into_owned()
    }
}

unsafe extern "C-unwind" fn assign_text(_value: *const c_char, _extra: *mut c_void) {
    ASSIGNED.call();
}

/// Reserves `authguard.`: a misspelt setting is an error instead of silence.
pub fn reserve_prefix() {
    // SAFETY: the prefix is a constant.
    unsafe {
        #[cfg(feature = "pg14")]
        pg_sys::EmitWarningsOnPlaceholders(c"authguard".as_ptr());
        #[cfg(not(feature = "pg14"))]
        pg_sys::MarkGUCPrefixReserved(c"authguard".as_ptr());
    }
}

/// Sets a setting as the session itself would, whatever its role; `action` says until when.
pub fn set(name: &CStr, value: &CStr, action: pg_sys::GucAction::Type) {
    // SAFETY: guc.c copies the value; what it refuses is raised as an error.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        );
    }
}

/// Runs `work` while a setting has another value, as `create function … set` does (fmgr_security_definer in
/// src/backend/utils/fmgr/fmgr.c).
pub fn with<R>(name: &CStr, value: &CStr, work: impl FnOnce() -> R) -> R {
    // SAFETY: entered and left here, in a pair; on an error the end of the transaction or subtransaction leaves it.
    let level = unsafe { pg_sys::NewGUCNestLevel() };
    set(name, value, pg_sys::GucAction::GUC_ACTION_SAVE);
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    result
}

/// # Safety
/// `text` is NULL or a C string that outlives the use of the result.
pub unsafe fn text_or_empty(text: *const c_char) -> &'static CStr {
    match text.is_null() {
        true => c"",
        // SAFETY: by the rule above.
        false => unsafe { CStr::from_ptr(text) },
    }
}
