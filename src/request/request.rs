//! What a request sets (src/backend/utils/misc/guc.c): `request.jwt.claims` and `authguard.jwt`.

use super::{gateways, seal, set_in_transaction};
use crate::pg::guc::{self, text_or_empty};
use crate::pg::hook::Hook;
use crate::pg::state::PerBackend;
use pgrx::pg_guard;
use pgrx::pg_sys::{self, GucSource};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

const CLAIMS: &CStr = c"request.jwt.claims";

const TOKEN: &CStr = c"authguard.jwt";

static mut CLAIMS_TEXT: *mut c_char = ptr::null_mut();
static mut TOKEN_TEXT: *mut c_char = ptr::null_mut();

/// True where another library owns `request.jwt.claims`, so that no hook of ours sees it change.
static CLAIMS_ARE_FOREIGN: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

static ASSIGNED: Hook = Hook::new();

/// Defines them. To be called once, from `_PG_init`; `changed` is called whenever one is assigned.
pub fn define(changed: fn()) {
    ASSIGNED.set(changed);
    // SAFETY: the names, texts and value addresses are statics that live as long as the backend.
    unsafe {
        pg_sys::DefineCustomStringVariable(
            TOKEN.as_ptr(),
            c"The token of the request, a signed JWT; verified in the database.".as_ptr(),
            c"Set it with auth.set_token($1), in each transaction. It is never shown.".as_ptr(),
            &raw mut TOKEN_TEXT,
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            (pg_sys::GUC_NO_SHOW_ALL | pg_sys::GUC_NOT_IN_SAMPLE | pg_sys::GUC_DISALLOW_IN_FILE)
                as c_int,
            Some(check_token),
            Some(assign_token),
            Some(show_token),
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
    // "attempt to redefine parameter"; anything else is none of ours to hide.
    .catch_when(pgrx::PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, |_| true)
    .execute();
    CLAIMS_ARE_FOREIGN.set(foreign);
}

/// Whether another library owns `request.jwt.claims`: then its text has to be compared every time.
#[inline(always)]
pub fn claims_are_foreign() -> bool {
    CLAIMS_ARE_FOREIGN.get()
}

/// The text of `request.jwt.claims`; empty when it is not set. Only good until the setting changes.
pub fn claims_text() -> &'static CStr {
    // SAFETY: guc.c owns both strings, and keeps them until the setting is assigned again.
    unsafe {
        text_or_empty(if claims_are_foreign() {
            pg_sys::GetConfigOption(CLAIMS.as_ptr(), true, false)
        } else {
            CLAIMS_TEXT.cast_const()
        })
    }
}

/// The text of `authguard.jwt`; empty when it is not set. Only good until the setting changes.
pub fn token_text() -> &'static CStr {
    // SAFETY: as in claims_text().
    unsafe { text_or_empty(TOKEN_TEXT) }
}

/// Sets `authguard.jwt`, until the end of the transaction or of the session.
pub fn set_token(token: &[u8], is_local: bool) {
    let token = CString::new(token).expect("text has no NUL in it");
    let action = match is_local {
        true => pg_sys::GucAction::GUC_ACTION_LOCAL,
        false => pg_sys::GucAction::GUC_ACTION_SET,
    };
    guc::set(TOKEN, &token, action);
}

/// What is wrong with setting claims so.
enum SetRefused {
    Source,
    Sealed,
}

/// Refuses claims that come from a file, a database or a role: such a value would be adopted by every
/// later login (`alter role current_user set …` needs no privilege). And what the seal refuses.
fn judge(now: &CStr, new: &CStr, source: GucSource::Type) -> Result<(), SetRefused> {
    let of_a_session = matches!(
        source,
        GucSource::PGC_S_DEFAULT
            | GucSource::PGC_S_DYNAMIC_DEFAULT
            | GucSource::PGC_S_CLIENT
            | GucSource::PGC_S_OVERRIDE
            | GucSource::PGC_S_INTERACTIVE
            | GucSource::PGC_S_SESSION
    );
    if !new.is_empty() && !of_a_session {
        Err(SetRefused::Source)
    } else if !seal::allows(now, new) {
        Err(SetRefused::Sealed)
    } else {
        Ok(())
    }
}

/// Tells guc.c what is wrong, in words that take the place of those that echo the value.
fn complain(problem: SetRefused, message: &'static CStr, hint: &'static CStr) {
    let (message, detail, hint) = match problem {
        SetRefused::Source => (
            message,
            c"A value from a file, a database, a role or a function would outlive the request.",
            hint,
        ),
        SetRefused::Sealed => (
            SEALED_MESSAGE,
            c"authguard.seal_claims is on, and this transaction has claims already.",
            c"Set them once, first in a transaction; the next one may have others.",
        ),
    };
    // SAFETY: guc.c resets the pointers before each check, and only reads what they point to.
    unsafe {
        if matches!(problem, SetRefused::Sealed) {
            pg_sys::GUC_check_errcode(
                pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE as c_int,
            );
        }
        pg_sys::GUC_check_errmsg_string = message.as_ptr().cast_mut();
        pg_sys::GUC_check_errdetail_string = detail.as_ptr().cast_mut();
        pg_sys::GUC_check_errhint_string = hint.as_ptr().cast_mut();
    }
}

const SEALED_MESSAGE: &CStr = c"the claims of this transaction are sealed";

unsafe extern "C-unwind" fn check_claims(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: guc.c hands a string, or NULL for no value.
    let new = unsafe { text_or_empty(*value) };
    // Where no gateway is believed there is nothing to seal: it may go on setting its claims.
    let now = if gateways::any() { claims_text() } else { new };
    judge(now, new, source)
        .map_err(|problem| {
            complain(
                problem,
                c"request.jwt.claims can only be set by a session",
                c"Set it in each transaction, with set_config('request.jwt.claims', $1, true).",
            );
        })
        .is_ok()
}

unsafe extern "C-unwind" fn check_token(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: as in check_claims.
    let new = unsafe { text_or_empty(*value) };
    judge(token_text(), new, source)
        .map_err(|problem| {
            complain(
                problem,
                c"authguard.jwt can only be set by a session",
                c"Set it in each transaction, with auth.set_token($1).",
            );
        })
        .is_ok()
}

/// Every change passes here: SET, SET LOCAL, its end, a rollback to a savepoint, RESET, DISCARD ALL.
#[pg_guard]
unsafe extern "C-unwind" fn assign_claims(value: *const c_char, _extra: *mut c_void) {
    // SAFETY: as in check_claims; the old value is still the setting's.
    let new = unsafe { text_or_empty(value) };
    if gateways::any() {
        seal::assigned(claims_text(), new);
    }
    set_in_transaction::CLAIMS.assigned();
    ASSIGNED.call();
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_token(value: *const c_char, _extra: *mut c_void) {
    // SAFETY: as in assign_claims.
    seal::assigned(token_text(), unsafe { text_or_empty(value) });
    set_in_transaction::TOKEN.assigned();
    ASSIGNED.call();
}

/// Whether there is one, and nothing of it.
unsafe extern "C-unwind" fn show_token() -> *const c_char {
    match token_text().is_empty() {
        true => c"".as_ptr(),
        false => c"********".as_ptr(),
    }
}
