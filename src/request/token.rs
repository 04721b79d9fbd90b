//! `authguard.jwt`: the token of a request, which this database verifies itself.

use super::{ASSIGNED, seal, session_only, set_in_transaction};
use crate::error::Report;
use crate::pg::guc::{Hooks, SetBy, SetFrom, Text};
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

static TOKEN: Text<Token> = Text::text(
    c"authguard.jwt",
    c"",
    c"The token of the request, a signed JWT; verified in the database.",
)
.more(c"Set it with auth.set_token($1), in each transaction. It is never shown.")
.set_by(SetBy::Anybody)
.flag(pg_sys::GUC_NO_SHOW_ALL | pg_sys::GUC_NOT_IN_SAMPLE | pg_sys::GUC_DISALLOW_IN_FILE);

enum Token {}

impl Hooks for Token {
    /// The text that SHOW gives: stars if there is a token, and nothing of the token.
    const SHOW: Option<fn() -> &'static CStr> =
        Some(|| with_token(|token| if token.is_empty() { c"" } else { c"********" }));

    fn check(new: &CStr, source: SetFrom) -> Result<(), Report> {
        const HINT: &str = "Set it in each transaction, with auth.set_token($1).";
        with_token(|now| session_only::check("authguard.jwt", HINT, now, new, source))
    }

    fn assign(new: &CStr) {
        with_token(|now| seal::assigned(now, new));
        set_in_transaction::TOKEN.assigned();
        ASSIGNED.call();
    }
}

/// Raises an error if the setting would not get the value that it was given.
pub fn check_given() {
    TOKEN.check_given();
}

/// Defines the setting. To be called once, from `_PG_init`.
pub fn define() {
    TOKEN.define();
}

/// Returns `read` of the text of `authguard.jwt`. The text is empty if the setting is not set.
pub fn with_token<R>(read: impl FnOnce(&CStr) -> R) -> R {
    TOKEN.with(read)
}

/// Sets `authguard.jwt`, until the end of the transaction or of the session.
pub fn set_token(token: &[u8], is_local: bool) {
    let token = CString::new(token).expect("text has no NUL in it");
    TOKEN.set(&token, is_local);
}
