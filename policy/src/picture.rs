//! A picture of a schema: who reaches what, by which policy, guarded or not.
//!
//! It is one SVG without scripts and without anything from elsewhere, for light and dark pages. One
//! row is a table, one column a role that clients can become.

mod schema;
mod svg;

use crate::facts::{Facts, FactsError};
use crate::{Server, ServerError};

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The schema, not quoted.
    pub schema: String,
    /// The roles, not quoted.
    pub roles: Vec<String>,
    /// The tables and views.
    pub rows: Vec<Row>,
}

/// A table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its name, not quoted.
    pub name: String,
    /// What it is and what protects it, as `table, row-level security is on`.
    pub note: String,
    /// What each role of the picture has of it.
    pub cells: Vec<Cell>,
}

/// What a role has of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it reaches with SELECT, INSERT, UPDATE and DELETE.
    pub access: [Access; 4],
    /// The policies that apply to it.
    pub policies: Vec<Line>,
    /// True if it reaches the rows whatever the policies say.
    pub is_exempt: bool,
    /// If it reaches a table, whether a guard decides, too.
    pub guarded: Option<bool>,
}

/// The rows that a role reaches with a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// None: no privilege, or no policy that lets it.
    #[default]
    None,
    /// Those that policies let it.
    Some,
    /// All.
    All,
}

/// A policy in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name, not quoted.
    pub name: String,
    /// Its command in capitals, or `ALL`.
    pub command: String,
    /// True if it only narrows what others let.
    pub restrictive: bool,
}

impl Cell {
    /// Returns true if the role reaches nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.access == [Access::None; 4]
    }
}

/// Returns the picture of a schema as SVG.
///
/// # Errors
///
/// If there is no such schema, and whatever the server answers instead of facts.
pub fn policies_svg(server: &mut dyn Server, schema: &str) -> Result<String, ServerError> {
    let error = |sqlstate: &str, message: String| ServerError {
        sqlstate: sqlstate.to_owned(),
        message,
        detail: None,
        hint: None,
    };
    let facts = Facts::read_without_locks(server).map_err(|it| match it {
        FactsError::Server(answer) => answer,
        FactsError::Answer(_) => error("XX000", it.to_string()),
    })?;
    match Picture::of(&facts, schema) {
        Some(picture) => Ok(picture.to_svg()),
        None => Err(error(
            "3F000",
            format!("schema \"{schema}\" does not exist"),
        )),
    }
}

impl Picture {
    /// Returns the picture as SVG.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::draw(self)
    }
}
