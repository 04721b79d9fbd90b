//! What the server's log gets and no client: why a token is refused, and why a key cannot be used.

use super::rejected::{EventRejected, TokenRejected};
use crate::pg::log::{self, LogLevel};
use crate::settings::{self, RefusalLevel};
use std::ffi::CString;

/// Logs the cause for which a token was refused, and nothing of the token. It logs no statement and
/// no context, because the token could be in them. Clients never get this message, whatever their
/// `client_min_messages`: it would tell an attacker which part to change.
pub fn refused_token(cause: TokenRejected) {
    if is_wanted() {
        server_log(&format!("token refused: {cause}"));
    }
}

/// Logs the cause for which a token with events was refused, as [`refused_token`] does.
pub fn refused_event(cause: &EventRejected) {
    if is_wanted() {
        server_log(&format!("event refused: {cause}"));
    }
}

/// Logs why the file of the local issuer's key cannot be used.
pub fn key_file(problem: &str) {
    server_log(&format!(
        "cannot use the key in authguard.signing_key_file: {problem}"
    ));
}

/// Logs the cause for which a token logs nobody in, as [`refused_token`] does.
#[cfg(feature = "pg18")]
pub fn refused_login(cause: authguard_token::LoginRejected) {
    if is_wanted() {
        server_log(&format!("login by token refused: {cause}"));
    }
}

/// Logs why the file of the issuers of a login cannot be used.
#[cfg(feature = "pg18")]
pub fn issuers_file(problem: &str) {
    server_log(&format!(
        "cannot use the issuers in authguard.oauth_issuers_file: {problem}"
    ));
}

fn server_log(message: &str) {
    let message = CString::new(message).unwrap_or_default();
    log::server_only(LogLevel::Log, &message, None);
}

/// Returns true if refusals are to be logged.
fn is_wanted() -> bool {
    match settings::log_refused_tokens() {
        RefusalLevel::off => false,
        RefusalLevel::debug1 => log::takes_debug(),
        RefusalLevel::log => true,
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::TokenRejected;
    use super::refused_token;
    use crate::pg::log::with_cancel_pending;
    use pgrx::prelude::*;

    #[pg_test]
    fn a_cancel_waits_until_a_refusal_is_logged() {
        let still_pending = with_cancel_pending(|| refused_token(TokenRejected::NoIssuer));
        assert!(still_pending);
    }
}
