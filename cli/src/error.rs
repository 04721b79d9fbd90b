//! What went wrong, in words that may be shown: never a password, nor anything of an address that
//! could contain one.

use authguard_policy::ServerError;
use std::fmt;

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// An error that ends the program with exit status 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
    sqlstate: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
}

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            sqlstate: None,
            detail: None,
            hint: None,
        }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts before the message what was being done.
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(sqlstate) = &self.sqlstate {
            write!(f, " (SQLSTATE {sqlstate})")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, "\nDETAIL:  {detail}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nHINT:  {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Self {
        let usual = match error.sqlstate.as_str() {
            "25006" => {
                Some("This command tries things: connect to the primary, and not read-only.")
            }
            "08006" => Some("The log of the server, or of the pooler before it, has the reason."),
            _ => None,
        };
        Self {
            message: error.message,
            sqlstate: Some(error.sqlstate),
            detail: error.detail,
            hint: error.hint.or_else(|| usual.map(str::to_owned)),
        }
    }
}

/// What the server said, or the client library in its place.
pub fn server_error(error: &postgres::Error) -> ServerError {
    match error.as_db_error() {
        Some(said) => ServerError {
            sqlstate: said.code().code().to_owned(),
            message: said.message().to_owned(),
            detail: said.detail().map(str::to_owned),
            hint: said.hint().map(str::to_owned),
        },
        None => {
            let source = std::error::Error::source(error);
            let source = source.map_or(String::new(), |source| format!(": {source}"));
            ServerError {
                // A connection that is lost, unless an answer cannot be read.
                sqlstate: if error.is_closed() || source.is_empty() {
                    "08006"
                } else {
                    "08P01"
                }
                .to_owned(),
                message: format!("{error}{source}"),
                detail: None,
                hint: None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_server_is_shown_with_everything_it_said() {
        let error = Error::from(ServerError {
            sqlstate: "42501".into(),
            message: "permission denied".into(),
            detail: Some("A detail.".into()),
            hint: Some("A hint.".into()),
        });
        assert_eq!(
            error.context("lint").to_string(),
            "lint: permission denied (SQLSTATE 42501)\nDETAIL:  A detail.\nHINT:  A hint."
        );
    }
}
