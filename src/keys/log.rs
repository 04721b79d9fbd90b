//! What the server's log gets and no client: why a token is refused, and why a key cannot be used.

use super::rejected::{EventRejected, TokenRejected};
use crate::pg::log::{self, LogLevel};
use crate::settings::{self, RefusalLevel};
use std::ffi::CString;
use std::fmt::Display;

/// Logs the cause for which a token was refused, and nothing of the token. It logs no statement and
/// no context, because the token could be in them. Clients never get this message, whatever their
/// `client_min_messages`: it would tell an attacker which part to change.
pub fn refused_token(cause: TokenRejected) {
    refused("token", &cause);
}

fn refused(what: &str, cause: &impl Display) {
    let wanted = match settings::log_refused_tokens() {
        RefusalLevel::off => false,
        RefusalLevel::debug1 => log::takes_debug(),
        RefusalLevel::log => true,
    };
    if wanted {
        let message = CString::new(format!("{what} refused: {cause}")).unwrap_or_default();
        log::server_only(LogLevel::Log, &message, None);
    }
}

/// Logs the cause for which a token with events was refused, as [`refused_token`] does.
pub fn refused_event(cause: &EventRejected) {
    refused("event", cause);
}

/// Logs why the file of the local issuer's key cannot be used.
pub fn key_file(problem: &str) {
    let message = format!("cannot use the key in authguard.signing_key_file: {problem}");
    let message = CString::new(message).unwrap_or_default();
    log::server_only(LogLevel::Log, &message, None);
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
