//! Who reaches which rows: each identity on each relation with each command, tried.
//!
//! Postgres itself decides. Rows that a command reaches are counted where Postgres asks for them:
//! `update … where nextval(…) < 0` reaches what the identity may update and changes nothing. No row
//! is locked and no trigger for rows runs. Everything is rolled back.

mod case;
mod commands;
mod insert;
mod relations;
mod trial;

use crate::command::Command;
use crate::identity::Identity;
use crate::server::{Server, ServerError};
pub(crate) use case::Case;
pub(crate) use relations::Relation;
use std::fmt;
pub(crate) use trial::Trial;

/// The pages of a table that are read at most. Of a larger table a part is read.
pub(crate) const MAX_PAGES: u64 = 8192;
/// The rows that are counted at most, and those that are tried for INSERT.
pub(crate) const MAX_ROWS: u64 = 100_000;

/// How many rows a command reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// No row.
    None,
    /// A part of the rows, or a part that cannot be told.
    Some,
    /// All rows.
    All,
    /// Postgres answers with an error.
    Error,
}

impl Allowed {
    /// The word in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Some => "some",
            Self::All => "all",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An answer of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The OID of the relation.
    pub relation: u32,
    /// Its name with its schema, quoted where SQL needs that.
    pub name: String,
    /// The name of the identity.
    pub identity: String,
    /// The command.
    pub command: Command,
    /// How many rows.
    pub allowed: Allowed,
    /// The rows that it reaches, if they were counted.
    pub rows: Option<u64>,
    /// The reason, or what limits the answer.
    pub note: Option<String>,
}

/// An answer without its place in the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub allowed: Allowed,
    pub rows: Option<u64>,
    pub notes: Vec<String>,
}

impl Answer {
    fn new(allowed: Allowed, note: &str) -> Self {
        Self {
            allowed,
            rows: None,
            notes: vec![note.to_owned()],
        }
    }

    fn none(note: &str) -> Self {
        Self::new(Allowed::None, note)
    }

    fn error(error: &ServerError) -> Self {
        Self::new(
            Allowed::Error,
            &format!("{} ({})", error.message, error.sqlstate),
        )
    }

    /// Judges a count by the number of all rows.
    fn counted(rows: u64, all: Option<u64>) -> Self {
        let allowed = match (rows, all) {
            (0, Some(0)) => Allowed::Some,
            (0, _) => Allowed::None,
            (_, Some(all)) if rows >= all => Allowed::All,
            _ => Allowed::Some,
        };
        Self {
            allowed,
            rows: Some(rows),
            notes: Vec::new(),
        }
    }

    fn noted(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// Tries each command on each relation as each identity. Relations are OIDs; without any, all
/// tables, views and foreign tables count that belong neither to Postgres nor to an extension.
///
/// # Errors
///
/// If a relation or a role does not exist, if the caller may not become a role, and if nothing can
/// be tried: that needs a transaction that may write, and the privilege TEMPORARY on the database.
pub fn access_matrix(
    server: &mut dyn Server,
    identities: &[Identity],
    relations: Option<&[u32]>,
) -> Result<Vec<Access>, ServerError> {
    let trial = Trial::open(server, identities)?;
    let result = Relation::list(server, relations)
        .and_then(|relations| trial.all(server, &relations, &mut |_, _, _| Ok(())));
    let closed = server.roll_back();
    let all = result?;
    closed?;
    Ok(all)
}
