//! What goes to the server's log, and to no client.

use crate::keys::Cause;
use crate::settings;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Says why a token was refused, and nothing of what it holds. Clients never get it, whatever their
/// `client_min_messages`: it would tell an attacker which part to change.
pub fn refused_token(cause: Cause) {
    if settings::logs_refused_tokens() {
        ErrorReport::new(
            PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            format!("token refused: {cause}"),
            "authguard",
        )
        .report(PgLogLevel::LOG_SERVER_ONLY);
    }
}
