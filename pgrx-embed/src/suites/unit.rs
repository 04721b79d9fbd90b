//! The crates that need no Postgres: the token rules, the policies, the command line, this tool and
//! its bench.

use super::outcome::{self, Tally};
use crate::error::Result;
use crate::{command, dirs};
use std::process::Command;

pub fn run() -> Result<Tally> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(dirs::checkout())
        .env_remove("RUST_BACKTRACE");
    cargo.args([
        "test",
        "--no-fail-fast",
        "-p",
        "authguard-token",
        "-p",
        "authguard-policy",
        "-p",
        "authguard-cli",
        "-p",
        "pgrx-embed",
        "-p",
        "authguard-bench",
    ]);
    let (success, output) = command::tee(&mut cargo)?;
    Ok(outcome::of_cargo(&output).with_status(success))
}
