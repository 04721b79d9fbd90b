//! The module that judges the token of a login, from Postgres 18 on.
//!
//! pgrx has no bindings of `src/include/libpq/oauth.h`, so its types are declared here. They are
//! those of Postgres 18; the magic number tells another form of them from this one.

use super::call::guarded;
use super::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};

/// PG_OAUTH_VALIDATOR_MAGIC in libpq/oauth.h.
const MAGIC: u32 = 0x2025_0220;

/// ValidatorModuleState in libpq/oauth.h.
#[repr(C)]
struct ModuleState {
    sversion: c_int,
    private_data: *mut c_void,
}

/// ValidatorModuleResult in libpq/oauth.h.
#[repr(C)]
struct ModuleResult {
    authorized: bool,
    authn_id: *mut c_char,
}

/// OAuthValidatorCallbacks in libpq/oauth.h.
#[repr(C)]
struct Callbacks {
    magic: u32,
    startup_cb: Option<unsafe extern "C-unwind" fn(*mut ModuleState)>,
    shutdown_cb: Option<unsafe extern "C-unwind" fn(*mut ModuleState)>,
    validate_cb: unsafe extern "C-unwind" fn(
        *const ModuleState,
        *const c_char,
        *const c_char,
        *mut ModuleResult,
    ) -> bool,
}

static CALLBACKS: Callbacks = Callbacks {
    magic: MAGIC,
    startup_cb: None,
    shutdown_cb: None,
    validate_cb: validate,
};

/// The verdict on a token.
pub enum Verdict {
    /// It may log in as the role. The identity is what pg_ident.conf maps.
    Proves(CString),
    /// It may not.
    Refused,
    /// No token can be judged.
    Unable,
}

/// The function that judges the token of a login as a role. No table can be read yet.
pub type Judge = fn(token: &CStr, role: &CStr) -> Verdict;

static JUDGE: PerBackend<Cell<Judge>> = PerBackend::new(Cell::new(|_, _| Verdict::Unable));

/// Names the function that judges tokens. To be called once, from `_PG_init`.
pub fn register(judge: Judge) {
    JUDGE.set(judge);
}

// SAFETY (of the export): auth-oauth.c looks for this name in a library that
// oauth_validator_libraries lists, and calls it once, after `_PG_init`.
#[unsafe(export_name = "_PG_oauth_validator_module_init")]
extern "C-unwind" fn init() -> *const c_void {
    (&raw const CALLBACKS).cast()
}

/// Judges a token. An error in here is FATAL, because nobody is logged in yet (errstart in
/// utils/error/elog.c): the client is not let in.
unsafe extern "C-unwind" fn validate(
    _state: *const ModuleState,
    token: *const c_char,
    role: *const c_char,
    result: *mut ModuleResult,
) -> bool {
    guarded(|| {
        // SAFETY: validate() in auth-oauth.c hands two C strings and a result that is zeroed, all
        // of which outlive the call.
        let (token, role) = unsafe { (CStr::from_ptr(token), CStr::from_ptr(role)) };
        match (JUDGE.get())(token, role) {
            Verdict::Proves(identity) => {
                // SAFETY: as above; it frees the identity with pfree.
                unsafe {
                    (*result).authn_id = pg_sys::pstrdup(identity.as_ptr());
                    (*result).authorized = true;
                }
                true
            }
            Verdict::Refused => true,
            Verdict::Unable => false,
        }
    })
}
