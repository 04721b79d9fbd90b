//! `authguard.gateway_roles`: whose `request.jwt.claims` is believed.

use crate::pg::guc::text_or_empty;
use crate::pg::hook::Hook;
use pgrx::pg_guard;
use pgrx::pg_sys::{self, GucSource};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

static mut GATEWAY_ROLES: *mut c_char = ptr::null_mut();

static ASSIGNED: Hook = Hook::new();

/// Defines it. To be called once, from `_PG_init`; `changed` is called whenever it is assigned.
pub fn define(changed: fn()) {
    ASSIGNED.set(changed);
    // SAFETY: the name, the texts and the value's address are statics that live as long as the backend.
    unsafe {
        pg_sys::DefineCustomStringVariable(
            c"authguard.gateway_roles".as_ptr(),
            c"Login roles whose request.jwt.claims is believed.".as_ptr(),
            c"A list of role names. A superuser is always believed. Empty: only verified tokens are."
                .as_ptr(),
            &raw mut GATEWAY_ROLES,
            c"authenticator".as_ptr(),
            pg_sys::GucContext::PGC_SIGHUP,
            pg_sys::GUC_LIST_INPUT as c_int,
            Some(check),
            Some(assign),
            None,
        );
    }
}

/// Whether any gateway is believed.
pub fn any() -> bool {
    // SAFETY: guc.c keeps the string until the next assignment.
    !unsafe { text_or_empty(GATEWAY_ROLES) }.is_empty()
}

/// The names in `authguard.gateway_roles`.
pub fn names() -> Vec<String> {
    // SAFETY: guc.c keeps the string until the next assignment; it is copied here.
    identifiers(unsafe { text_or_empty(GATEWAY_ROLES) }).unwrap_or_default()
}

/// Splits a list of identifiers as Postgres does; `None` where its syntax is wrong.
fn identifiers(list: &CStr) -> Option<Vec<String>> {
    // SAFETY: SplitIdentifierString writes into the copy and makes a list of pointers into it
    // (varlena.c); both are in the current memory context.
    unsafe {
        let copy = pg_sys::pstrdup(list.as_ptr());
        let mut names: *mut pg_sys::List = ptr::null_mut();
        if !pg_sys::SplitIdentifierString(copy, b',' as c_char, &raw mut names) {
            return None;
        }
        let names = pgrx::PgList::<c_char>::from_pg(names);
        Some(
            names
                .iter_ptr()
                .map(|name| CStr::from_ptr(name).to_string_lossy().into_owned())
                .collect(),
        )
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn check(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: GucSource::Type,
) -> bool {
    // SAFETY: guc.c hands a string, or NULL for no value.
    if identifiers(unsafe { text_or_empty(*value) }).is_some() {
        return true;
    }
    // SAFETY: guc.c resets the pointer before each check, and only reads what it points to.
    unsafe {
        pg_sys::GUC_check_errdetail_string = c"List syntax is invalid.".as_ptr().cast_mut();
    }
    false
}

unsafe extern "C-unwind" fn assign(_value: *const c_char, _extra: *mut c_void) {
    ASSIGNED.call();
}
