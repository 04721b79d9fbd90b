//! What is written, and where.

mod check;
mod table;

pub use check::{Check, junit, tap};
pub use table::{Cell, Table, printable};

use crate::error::{Error, Result};
use std::io::Write;
use std::path::Path;

/// Writes a result into a file, or to stdout.
pub fn write(text: &str, file: Option<&Path>) -> Result<()> {
    match file {
        Some(file) => std::fs::write(file, text)
            .map_err(|error| Error::new(format!("cannot write {}: {error}", file.display()))),
        None => match anstream::stdout().write_all(text.as_bytes()) {
            // Whoever reads it has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Error::new(format!("cannot write the result: {error}"))),
            Ok(()) => Ok(()),
        },
    }
}

/// A JSON value as text with a line's end.
pub fn json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
