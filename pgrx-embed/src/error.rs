//! The error type of the whole tool: what went wrong, and the next step to take.

use std::fmt;

/// A failure to show to a person: a message, and the next step to take if one is known.
#[derive(Debug)]
pub struct Error {
    message: String,
    hint: Option<String>,
}

/// The result of every function here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Makes an error that says what went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Error {
            message: message.into(),
            hint: None,
        }
    }

    /// Adds the next step to take.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        match error.as_db_error() {
            Some(db) => {
                let found = Error::new(format!("the server says: {}", db.message()));
                match db.hint().or(db.detail()) {
                    Some(hint) => found.hint(hint),
                    None => found,
                }
            }
            None => Error::new(error.to_string()),
        }
    }
}

/// Adds to an error of a lower layer what the tool was doing.
pub trait Context<T> {
    /// Puts `what` before the message of the error.
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let mut error: Error = error.into();
            error.message = format!("{}: {}", what(), error.message);
            error
        })
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::new(error.to_string())
    }
}
