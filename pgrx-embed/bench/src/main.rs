//! The command line of `cargo embed bench`.

use authguard_bench::Group;
use clap::Parser;
use pgrx_embed::program;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measure the checks against their alternatives: one group, or all, which writes docs/bench.md and
/// docs/bench.svg
#[derive(Parser)]
#[command(name = "cargo embed bench", bin_name = "cargo embed bench")]
struct Cli {
    group: Option<Group>,
    /// Write every figure to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    program::run(|| {
        authguard_bench::run(cli.group, cli.json.as_deref())?;
        Ok(ExitCode::SUCCESS)
    })
}
