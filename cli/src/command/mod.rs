//! The commands, one a file. Each returns what it has to say and whether that is good.

mod coverage;
mod diff;
mod explain;
mod lint;
mod matrix;
mod mutants;
mod subjects;
mod tests;

use crate::arguments::Command;
use crate::error::Result;

/// Whether there was something to report: the exit status is 1 then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Good,
    /// Something.
    Bad,
}

impl Verdict {
    /// Good if it is true.
    pub fn of(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

/// Runs a command.
pub fn run(command: &Command) -> Result<Verdict> {
    match command {
        Command::Lint(arguments) => lint::run(arguments),
        Command::Explain(arguments) => explain::explain(arguments),
        Command::Can(arguments) => explain::can(arguments),
        Command::Matrix(arguments) => matrix::run(arguments),
        Command::Mutants(arguments) => mutants::run(arguments),
        Command::Coverage(arguments) => coverage::run(arguments),
        Command::Snapshot(arguments) => diff::snapshot(arguments),
        Command::Diff(arguments) => diff::diff(arguments),
    }
}
