//! What every program of this tool does around its work: the tool itself and the bench.

use crate::error::{Error, Result};
use crate::{cluster, signals};
use std::process::ExitCode;

/// Runs the work of a program and tells its error. An interrupt stops what was started first.
pub fn run(work: impl FnOnce() -> Result<ExitCode>) -> ExitCode {
    let done = signals::install().map_err(Error::from).and_then(|()| {
        // Registered first, so done last: by then the programs that own servers have ended.
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
