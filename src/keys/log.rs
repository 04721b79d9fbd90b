//! Why tokens are refused, for the server's log.

use super::TokenRejected;
use crate::pg::log::{self, LogLevel};
use crate::settings::{self, RefusalLevel};
use std::ffi::CString;

/// Says why a token was refused, and nothing of what it holds: no statement and no context, in which it
/// could be written. Clients never get it, whatever their `client_min_messages`: it would tell an attacker
/// which part to change.
pub fn refused_token(cause: TokenRejected) {
    let wanted = match settings::log_refused_tokens() {
        RefusalLevel::off => false,
        RefusalLevel::debug1 => log::takes_debug(),
        RefusalLevel::log => true,
    };
    if wanted {
        let message = CString::new(format!("token refused: {cause}")).unwrap_or_default();
        log::server_only(LogLevel::Log, &message, None);
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
#[allow(unsafe_code)]
mod tests {
    use super::TokenRejected;
    use super::refused_token;
    use pgrx::prelude::*;

    #[pg_test]
    fn a_cancel_waits_until_a_refusal_is_logged() {
        // SAFETY: flags of globals.c, set as the signal's handler does and taken back at once.
        let still_pending = unsafe {
            pg_sys::QueryCancelPending = 1;
            pg_sys::InterruptPending = 1;
            refused_token(TokenRejected::NoIssuer);
            let still_pending = pg_sys::QueryCancelPending;
            pg_sys::QueryCancelPending = 0;
            pg_sys::InterruptPending = 0;
            still_pending
        };
        assert_eq!(still_pending, 1);
    }
}
