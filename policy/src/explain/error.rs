//! Errors of a request, in the form of the server's, and attempts that leave nothing behind.

use crate::{Server, ServerError};

/// An error with this SQLSTATE and message, and what to do about it.
pub(super) fn error(sqlstate: &str, message: impl Into<String>, hint: &str) -> ServerError {
    ServerError {
        sqlstate: sqlstate.to_owned(),
        message: message.into(),
        detail: None,
        hint: Some(hint.to_owned()),
    }
}

/// Runs `work` in a subtransaction, and rolls it back.
pub(super) fn undone<R>(
    server: &mut dyn Server,
    work: impl FnOnce(&mut dyn Server) -> Result<R, ServerError>,
) -> Result<R, ServerError> {
    server.begin()?;
    let result = work(server);
    server.roll_back()?;
    result
}

/// Returns true if an error is no answer about what was tried: the statement was cancelled, waited
/// for a lock in vain, or the whole transaction has failed.
pub(super) fn ends_the_call(problem: &ServerError) -> bool {
    const CLASSES: [&str; 4] = ["08", "40", "53", "57"];
    let is_of = |class: &&str| problem.sqlstate.starts_with(*class);
    let is_one = ["P0004", "55P03"].contains(&&*problem.sqlstate);
    is_one || CLASSES.iter().any(is_of)
}
