//! The columns of a row of an answer, one after the other.

use std::fmt;
use std::str::FromStr;

use crate::server::{Row, ServerError};

/// The reason why facts could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactsError {
    /// The server answered a query with an error.
    Server(ServerError),
    /// The answer to the query of this name is not what it asks for.
    Answer(&'static str),
}

impl From<ServerError> for FactsError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl From<FactsError> for ServerError {
    fn from(error: FactsError) -> Self {
        match error {
            FactsError::Server(error) => error,
            FactsError::Answer(_) => Self {
                sqlstate: "XX000".to_owned(),
                message: error.to_string(),
                detail: None,
                hint: None,
            },
        }
    }
}

impl fmt::Display for FactsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => error.fmt(f),
            Self::Answer(query) => write!(f, "the server's answer about {query} cannot be read"),
        }
    }
}

impl std::error::Error for FactsError {}

/// The columns of a row that are still to be read.
pub(super) struct Fields {
    what: &'static str,
    left: std::vec::IntoIter<Option<String>>,
}

impl Fields {
    pub(super) fn of(what: &'static str, row: Row) -> Self {
        Self {
            what,
            left: row.into_iter(),
        }
    }

    fn wrong(&self) -> FactsError {
        FactsError::Answer(self.what)
    }

    /// Reads a text, or nothing for NULL.
    pub(super) fn optional(&mut self) -> Result<Option<String>, FactsError> {
        self.left.next().ok_or_else(|| self.wrong())
    }

    pub(super) fn text(&mut self) -> Result<String, FactsError> {
        let wrong = self.wrong();
        self.optional()?.ok_or(wrong)
    }

    pub(super) fn number<T: FromStr>(&mut self) -> Result<T, FactsError> {
        let text = self.text()?;
        text.parse().map_err(|_| self.wrong())
    }

    pub(super) fn bool(&mut self) -> Result<bool, FactsError> {
        match self.text()?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.wrong()),
        }
    }

    /// Reads the only character of a text, or a space for an empty one.
    pub(super) fn letter(&mut self) -> Result<char, FactsError> {
        Ok(self.text()?.chars().next().unwrap_or(' '))
    }

    /// Reads numbers with spaces or commas between them, in braces or not. NULL is none.
    pub(super) fn numbers<T: FromStr>(&mut self) -> Result<Vec<T>, FactsError> {
        let text = self.optional()?.unwrap_or_default();
        let numbers = text
            .split([' ', ',', '{', '}'])
            .filter(|part| !part.is_empty())
            .map(str::parse);
        let numbers: Result<_, _> = numbers.collect();
        numbers.map_err(|_| self.wrong())
    }

    /// Reads texts that are the elements of a JSON array. NULL is none.
    pub(super) fn texts(&mut self) -> Result<Vec<String>, FactsError> {
        match self.optional()? {
            None => Ok(Vec::new()),
            Some(text) => serde_json::from_str(&text).map_err(|_| self.wrong()),
        }
    }
}
