//! The token that the connection has logged in with, from Postgres 18 on. No setting holds it, so
//! no SET, RESET or DISCARD changes it.

use crate::pg::state::PerBackend;
use std::cell::OnceCell;
use std::ffi::{CStr, CString};

static TOKEN: PerBackend<OnceCell<CString>> = PerBackend::new(OnceCell::new());

/// Keeps the token for as long as the backend lives. Only for the login, and for a parallel worker,
/// which gets it from its leader. There is one login, so a second token is not kept.
pub fn keep_login_token(token: &CStr) {
    let _ = TOKEN.set(token.to_owned());
}

/// The token, if the connection has logged in by one.
pub fn login_token() -> Option<&'static CStr> {
    TOKEN.value().get().map(CString::as_c_str)
}
