//! What goes to the server's log, and to no client.

use crate::keys::Cause;
use crate::settings::{self, RefusalLevel};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Says why a token was refused, and nothing of what it holds. Clients never get it, whatever their
/// `client_min_messages`: it would tell an attacker which part to change.
pub fn refused_token(cause: Cause) {
    let wanted = match settings::log_refused_tokens() {
        RefusalLevel::off => false,
        // SAFETY: reads a setting of guc.c.
        RefusalLevel::debug1 => unsafe { pg_sys::log_min_messages <= pg_sys::DEBUG1 as i32 },
        RefusalLevel::log => true,
    };
    if !wanted {
        return;
    }
    // SAFETY: a counter of globals.c (HOLD_INTERRUPTS in miscadmin.h). A message ends with a look at
    // interrupts, and a cancel would jump over the frames of whoever logs.
    unsafe { pg_sys::InterruptHoldoffCount += 1 };
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
        format!("token refused: {cause}"),
        "authguard",
    )
    .report(PgLogLevel::LOG_SERVER_ONLY);
    // SAFETY: as above.
    unsafe { pg_sys::InterruptHoldoffCount -= 1 };
}
