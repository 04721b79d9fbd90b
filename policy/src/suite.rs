//! Suites of tests: scripts for psql that print TAP, run inside a transaction that is not theirs.
//!
//! `begin` and `rollback` in a script begin and roll back a subtransaction, so that whatever was
//! done before the script stays. `commit` is refused. Of psql's own commands, those that only shape
//! its output are skipped, `\set` and variables work, and `\i` and `\ir` include a script.

mod script;
mod tap;

use crate::server::{Row, Server, ServerError};
use script::{Control, Statement};
pub use script::{Include, Script, ScriptError};
use std::fmt;
use tap::Tap;

/// A server that runs what scripts have in them.
pub trait ScriptServer: Server {
    /// Runs a statement as psql does, and returns its rows, whatever types they have, as text.
    ///
    /// # Errors
    ///
    /// As [`Server::query`].
    fn run(&mut self, sql: &str) -> Result<Vec<Row>, ServerError>;
}

/// What a script found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// All tests passed.
    Passed {
        /// The number of tests.
        tests: usize,
    },
    /// A test failed, or the script ended before all tests were run.
    Failed {
        /// The name of the script.
        script: String,
        /// The line of TAP.
        line: String,
    },
    /// A statement failed.
    Broken {
        /// The name of the script.
        script: String,
        /// The line in the script.
        line: usize,
        /// The error.
        error: ServerError,
    },
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { tests } => write!(f, "{tests} tests passed"),
            Self::Failed { script, line } => write!(f, "{script}: {line}"),
            Self::Broken {
                script,
                line,
                error,
            } => write!(f, "{script}:{line}: {error} ({})", error.sqlstate),
        }
    }
}

/// Runs scripts, each in a subtransaction, until a test fails.
///
/// # Errors
///
/// If the connection is lost or the statement cancelled.
pub fn run_suite(server: &mut dyn ScriptServer, suite: &[Script]) -> Result<Found, ServerError> {
    let mut tests = 0_usize;
    for script in suite {
        server.begin()?;
        let found = run_script(server, script);
        server.roll_back()?;
        match found? {
            Found::Passed { tests: more } => tests = tests.saturating_add(more),
            other => return Ok(other),
        }
    }
    Ok(Found::Passed { tests })
}

fn run_script(server: &mut dyn ScriptServer, script: &Script) -> Result<Found, ServerError> {
    let mut tap = Tap::default();
    let mut is_open = false;
    for Statement {
        script: name,
        sql,
        line,
        control,
    } in &script.statements
    {
        let done = match control {
            Some(Control::Begin) if is_open => Ok(Vec::new()),
            Some(Control::Begin) => {
                is_open = true;
                server.begin().map(|()| Vec::new())
            }
            Some(Control::RollBack) if is_open => {
                is_open = false;
                server.roll_back().map(|()| Vec::new())
            }
            Some(Control::RollBack) => Ok(Vec::new()),
            None => server.run(sql),
        };
        let rows = match done {
            Ok(rows) => rows,
            // A cancelled statement, the end of the session, a lost connection.
            Err(error) if ends_all(&error) => return Err(error),
            Err(error) => {
                if is_open {
                    server.roll_back()?;
                }
                return Ok(Found::Broken {
                    script: name.clone(),
                    line: *line,
                    error,
                });
            }
        };
        for row in rows {
            tap.read(row.first().and_then(Option::as_deref).unwrap_or_default());
        }
    }
    if is_open {
        server.roll_back()?;
    }
    Ok(match tap.end() {
        Ok(tests) => Found::Passed { tests },
        Err(line) => Found::Failed {
            script: script.name.clone(),
            line,
        },
    })
}

fn ends_all(error: &ServerError) -> bool {
    ["08", "57"]
        .iter()
        .any(|class| error.sqlstate.starts_with(class))
}

/// Runs a migration in the transaction that is open. Returns the statement that failed, if one did.
///
/// # Errors
///
/// If the connection is lost or the statement cancelled.
pub fn run_migration(
    server: &mut dyn ScriptServer,
    migration: &Script,
) -> Result<Option<Found>, ServerError> {
    let found = run_script(server, migration)?;
    Ok(Some(found).filter(|found| matches!(found, Found::Broken { .. })))
}
