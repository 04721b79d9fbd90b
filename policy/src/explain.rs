//! Why a role with some claims may or may not read or write a row: the gates that a statement
//! meets, in the order in which Postgres asks, and the verdict.

mod ask;
mod clause;
mod command;
mod error;
mod evaluate;
mod facts;
mod gates;
mod given;
mod grants;
mod identity;
mod policies;
mod rows;
mod shown;
mod statement;
mod step;
mod view;
mod words;

pub use identity::as_identity;
pub use step::{Gate, Outcome, Step};

use crate::{Server, ServerError};
use error::undone;

/// What to explain. Texts of JSON are those of `jsonb` values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'r> {
    /// The table or view: a name as SQL writes it, or its OID.
    pub relation: Option<&'r str>,
    /// The command: `select` if it is not given.
    pub command: Option<&'r str>,
    /// The columns that pick existing rows, or the row to insert: a JSON object.
    pub row: Option<&'r str>,
    /// The claims, a JSON object; JSON `null` for none. If not given, those in force.
    pub claims: Option<&'r str>,
    /// The role; if not given, that of the given claims, or the current one.
    pub role: Option<&'r str>,
    /// What an update sets, a JSON object.
    pub new_row: Option<&'r str>,
}

/// Returns the gates that a statement meets, the verdict last. Nothing of it is left behind.
///
/// # Errors
///
/// If the request itself makes no sense, or the caller may not ask it.
pub fn explain(server: &mut dyn Server, request: &Request<'_>) -> Result<Vec<Step>, ServerError> {
    undone(server, |server| ask::ask(server, request, true))
}

/// Returns true if the verdict of [`explain`] is allowed.
///
/// # Errors
///
/// As [`explain`].
pub fn can(server: &mut dyn Server, request: &Request<'_>) -> Result<bool, ServerError> {
    let steps = undone(server, |server| ask::ask(server, request, false))?;
    let verdict = steps.last().map(|step| step.result);
    Ok(verdict == Some(Outcome::Allowed))
}
