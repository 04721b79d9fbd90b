//! A suite of tests against each mutant.

use super::Mutant;
use crate::server::ServerError;
use crate::suite::{Found, Script, ScriptServer, run_suite};

/// The fate of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The suite noticed it.
    Killed(Found),
    /// The suite passed with it.
    Survived,
    /// It could not be made, so nothing is known.
    NotMade(ServerError),
}

/// Runs the suite without a mutant, then against each, and tells `each` its fate. Every mutant is
/// made and rolled back in a subtransaction.
///
/// # Errors
///
/// If the suite does not pass without a mutant (55000), has no test (22023), or the connection is
/// lost.
pub fn run_mutants(
    server: &mut dyn ScriptServer,
    suite: &[Script],
    mutants: &[Mutant],
    each: &mut dyn FnMut(&Mutant, &Fate),
) -> Result<Vec<Fate>, ServerError> {
    let (sqlstate, message) = match run_suite(server, suite)? {
        Found::Passed { tests: 0 } => ("22023", "the suite has no test".to_owned()),
        Found::Passed { .. } => return run_all(server, suite, mutants, each),
        found => (
            "55000",
            format!("the suite fails without a mutant: {found}"),
        ),
    };
    Err(ServerError {
        sqlstate: sqlstate.to_owned(),
        message,
        detail: None,
        hint: None,
    })
}

fn run_all(
    server: &mut dyn ScriptServer,
    suite: &[Script],
    mutants: &[Mutant],
    each: &mut dyn FnMut(&Mutant, &Fate),
) -> Result<Vec<Fate>, ServerError> {
    let mut fates = Vec::with_capacity(mutants.len());
    for mutant in mutants {
        server.begin()?;
        let fate = run_one(server, suite, mutant);
        server.roll_back()?;
        let fate = fate?;
        each(mutant, &fate);
        fates.push(fate);
    }
    Ok(fates)
}

fn run_one(
    server: &mut dyn ScriptServer,
    suite: &[Script],
    mutant: &Mutant,
) -> Result<Fate, ServerError> {
    for statement in &mutant.apply {
        if let Err(error) = server.query(statement, &[]) {
            return Ok(Fate::NotMade(error));
        }
    }
    Ok(match run_suite(server, suite)? {
        Found::Passed { .. } => Fate::Survived,
        found => Fate::Killed(found),
    })
}
