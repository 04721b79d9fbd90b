//! The frame of every program of this tool (the tool itself and the bench): signals, errors,
//! clean-up.

use crate::error::{Error, Result};
use crate::{cluster, signals};
use std::process::ExitCode;

/// Runs the work of a program and prints its error. An interrupt first stops everything that the
/// program started.
pub fn run(work: impl FnOnce() -> Result<ExitCode>) -> ExitCode {
    let done = signals::install().map_err(Error::from).and_then(|()| {
        // This is registered first, so it runs last: by then the programs that own servers have
        // ended.
        let _swept = signals::on_interrupt(|| {
            let _ = cluster::sweep();
        });
        work()
    });
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
