//! The way to a server: inside of it, or over a connection. Whatever asks a server for facts, or
//! tries something there, does so through this alone, so that both give the same answers.

use std::fmt;

/// A row of a result: each column as text, or nothing for NULL.
pub type Row = Vec<Option<String>>;

/// A session of Postgres 14 to 18, in a transaction that its owner ends.
pub trait Server {
    /// Runs one statement and returns its rows.
    ///
    /// Parameters are of type text (`$1` is one without a cast). Every column of the result has
    /// to be of type text: cast it in the statement.
    ///
    /// # Errors
    ///
    /// Whatever Postgres answers instead. After it, only [`Server::roll_back`] may follow.
    fn query(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<Vec<Row>, ServerError>;

    /// Begins a subtransaction.
    ///
    /// # Errors
    ///
    /// As [`Server::query`].
    fn begin(&mut self) -> Result<(), ServerError>;

    /// Keeps the current role until the subtransaction is rolled back, whatever code runs in it:
    /// what a policy calls must not take the rights of the session back. A connection cannot do
    /// that, so nothing happens there.
    ///
    /// # Errors
    ///
    /// As [`Server::query`].
    fn confine(&mut self) -> Result<(), ServerError> {
        Ok(())
    }

    /// Undoes everything since the last [`Server::begin`], roles and settings included, and ends
    /// that subtransaction.
    ///
    /// # Errors
    ///
    /// If the connection is lost. Everything is undone then, too.
    fn roll_back(&mut self) -> Result<(), ServerError>;
}

/// An error of a server. A cancelled statement, a timeout of a statement and the end of a session
/// never arrive here as an answer in the server itself: they end the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// The SQLSTATE, five characters.
    pub sqlstate: String,
    /// The message.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ServerError {}
