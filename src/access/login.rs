//! The end of a connection that has logged in by token, once the token is no longer active.

use super::decide;
use crate::error::Error;
use crate::pg::transaction;
use crate::schema;
use crate::settings;

/// Ends the session if its token is not active, and `authguard.oauth_terminate` says so. Called
/// before each statement of a connection that has logged in by token.
pub fn end_revoked_login() {
    // In a database without the extension nothing is decided, and in a transaction that has failed
    // nothing can be read.
    let can_decide =
        || transaction::is_in_progress() && !transaction::is_parallel() && schema::is_installed();
    if !settings::oauth_terminate() || !can_decide() {
        return;
    }
    if let Some(reason) = decide::reason() {
        Error::LoginEnded(reason.as_str()).report().end_session();
    }
}
