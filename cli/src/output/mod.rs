//! What is written, and where.

mod check;
mod table;

pub use check::{Check, junit, tap};
pub use table::{Cell, Table};

use crate::arguments::{Format, Output};
use crate::error::{Error, Result};
use crate::terminal::printable_json;
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// Writes a result into a file, or to stdout. Only a terminal gets colours.
pub fn write(text: &str, file: Option<&Path>) -> Result<()> {
    match file {
        Some(file) => std::fs::write(file, anstream::adapter::strip_str(text).to_string())
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
pub fn json(value: &Value) -> String {
    printable_json(&format!("{value:#}\n"))
}

/// Fails if a command has no result in the form that is asked for: before anything is connected.
pub fn check(form: &Output, possible: &[Format]) -> Result<()> {
    if possible.contains(&form.format) {
        return Ok(());
    }
    let words: Vec<&str> = possible.iter().map(|format| format.as_str()).collect();
    let format = form.format.as_str();
    Err(Error::new(format!("this command does not write {format}"))
        .hint(format!("--format may be {}.", words.join(", "))))
}

/// A result in the forms that it can have.
pub struct Report {
    /// For people.
    pub table: String,
    /// For programs.
    pub json: Value,
    /// What passes and what fails.
    pub checks: Vec<Check>,
}

impl Report {
    /// Writes it in the form that is asked for. `what` names the checks.
    pub fn write(&self, what: &str, form: &Output) -> Result<()> {
        let text = match form.format {
            Format::Table | Format::Sarif => self.table.clone(),
            Format::Json => json(&self.json),
            Format::Junit => junit(what, &self.checks),
            Format::Tap => tap(&self.checks),
        };
        write(&text, form.output.as_deref())
    }
}
