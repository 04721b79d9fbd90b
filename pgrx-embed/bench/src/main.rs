//! The command line of `cargo embed bench`.

use authguard_bench::Group;
use clap::Parser;
use pgrx_embed::{packages, program};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measure the checks against their alternatives: one group, or all, which writes docs/bench.md and
/// docs/bench.svg
#[derive(Parser)]
#[command(name = "cargo embed bench", bin_name = "cargo embed bench")]
struct Cli {
    group: Option<Group>,
    /// Also write every figure to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// As root, let apt-get install missing system packages
    #[arg(long)]
    install: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.install {
        packages::allow_installing();
    }
    program::run(|| {
        authguard_bench::run(cli.group, cli.json.as_deref())?;
        Ok(ExitCode::SUCCESS)
    })
}
