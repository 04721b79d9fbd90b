//! Errors of a request, in the form of the server's.

use crate::ServerError;

/// An error with this SQLSTATE and message, and what to do about it.
pub(super) fn error(sqlstate: &str, message: impl Into<String>, hint: &str) -> ServerError {
    ServerError {
        sqlstate: sqlstate.to_owned(),
        message: message.into(),
        detail: None,
        hint: Some(hint.to_owned()),
    }
}
