//! Settings whose hooks matter (src/backend/utils/misc/guc.c): `request.jwt.claims` and
//! `authguard.gateway_roles`.

use crate::settings;
use pgrx::pg_guard;
use pgrx::pg_sys::{self, GucSource};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use super::state::PerBackend;

pub const CLAIMS: &CStr = c"request.jwt.claims";

static mut CLAIMS_TEXT: *mut c_char = ptr::null_mut();
static mut GATEWAY_ROLES: *mut c_char = ptr::null_mut();

/// True where another library owns `request.jwt.claims`, so that no hook of ours sees it change.
static CLAIMS_ARE_FOREIGN: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// Defines both settings. To be called once, from `_PG_init`.
pub fn define() {
    // SAFETY: the names, texts and value addresses are statics that live as long as the backend.
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
            Some(check_gateway_roles),
            Some(assign_gateway_roles),
            None,
        );
    }
    let foreign = pg_sys::PgTryBuilder::new(|| {
        // SAFETY: as above. Where the setting exists already this raises an error before it changed
        // anything (define_custom_variable), and there is nothing to clean up.
        unsafe {
            pg_sys::DefineCustomStringVariable(
                CLAIMS.as_ptr(),
                c"Claims of the token that the gateway has verified, a JSON object.".as_ptr(),
                c"Believed by authguard where the session user is a superuser or in authguard.gateway_roles."
                    .as_ptr(),
                &raw mut CLAIMS_TEXT,
                c"".as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GUC_NOT_IN_SAMPLE as c_int,
                Some(check_claims),
                Some(assign_claims),
                None,
            );
        }
        false
    })
    .catch_others(|_| true)
    .execute();
    CLAIMS_ARE_FOREIGN.set(foreign);
}

/// Whether another library owns `request.jwt.claims`: then its text has to be compared every time.
#[inline(always)]
pub fn claims_are_foreign() -> bool {
    CLAIMS_ARE_FOREIGN.get()
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

/// The text of `request.jwt.claims`; empty when it is not set. Only good until the setting changes.
pub fn claims_text() -> &'static CStr {
    // SAFETY: guc.c owns both strings, and keeps them until the setting is assigned again.
    unsafe {
        let text = if claims_are_foreign() {
            pg_sys::GetConfigOption(CLAIMS.as_ptr(), true, false)
        } else {
            CLAIMS_TEXT.cast_const()
        };
        if text.is_null() {
            c""
        } else {
            CStr::from_ptr(text)
        }
    }
}

/// The names in `authguard.gateway_roles`.
pub fn gateway_roles() -> Vec<String> {
    // SAFETY: guc.c keeps the string until the next assignment; it is copied here.
    let list = unsafe {
        if GATEWAY_ROLES.is_null() {
            c""
        } else {
            CStr::from_ptr(GATEWAY_ROLES)
        }
    };
    identifiers(list).unwrap_or_default()
}

/// Raises `synchronous_commit` to `on` until the end of the transaction.
pub fn commit_synchronously() {
    // SAFETY: constants; a local assignment is undone by AtEOXact_GUC.
    unsafe {
        pg_sys::set_config_option(
            c"synchronous_commit".as_ptr(),
            c"on".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
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
unsafe extern "C-unwind" fn check_gateway_roles(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: GucSource::Type,
) -> bool {
    // SAFETY: guc.c hands a string, or NULL for no value.
    let list = unsafe {
        if (*value).is_null() {
            c""
        } else {
            CStr::from_ptr(*value)
        }
    };
    if identifiers(list).is_some() {
        return true;
    }
    // SAFETY: guc.c resets the pointer before each check, and only reads what it points to.
    unsafe {
        pg_sys::GUC_check_errdetail_string = c"List syntax is invalid.".as_ptr().cast_mut();
    }
    false
}

unsafe extern "C-unwind" fn assign_gateway_roles(_value: *const c_char, _extra: *mut c_void) {
    settings::gateways_changed();
}

/// Refuses claims that come from a file, a database or a role: such a value would be adopted by every
/// later login (`alter role current_user set …` needs no privilege).
unsafe extern "C-unwind" fn check_claims(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: guc.c hands a string, or NULL for no value.
    let empty = unsafe { (*value).is_null() || **value == 0 };
    let of_a_session = matches!(
        source,
        GucSource::PGC_S_DEFAULT
            | GucSource::PGC_S_DYNAMIC_DEFAULT
            | GucSource::PGC_S_CLIENT
            | GucSource::PGC_S_OVERRIDE
            | GucSource::PGC_S_INTERACTIVE
            | GucSource::PGC_S_SESSION
    );
    if empty || of_a_session {
        return true;
    }
    // SAFETY: as in check_gateway_roles. The message replaces the one that echoes the value.
    unsafe {
        pg_sys::GUC_check_errmsg_string = c"request.jwt.claims can only be set by a session"
            .as_ptr()
            .cast_mut();
        pg_sys::GUC_check_errdetail_string =
            c"A value from a file, a database, a role or a function would outlive the request."
                .as_ptr()
                .cast_mut();
        pg_sys::GUC_check_errhint_string =
            c"Set it in each transaction, with set_config('request.jwt.claims', $1, true)."
                .as_ptr()
                .cast_mut();
    }
    false
}

/// Every change passes here: SET, SET LOCAL, its end, a rollback to a savepoint, RESET, DISCARD ALL.
unsafe extern "C-unwind" fn assign_claims(_value: *const c_char, _extra: *mut c_void) {
    settings::claims_changed();
}
