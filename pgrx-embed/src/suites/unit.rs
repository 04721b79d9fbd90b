//! The crates that need no Postgres: the token rules, the policies, the command line, this tool and
//! its bench.

use super::outcome::{self, Tally};
use crate::error::Result;
use crate::{command, dirs};
use std::process::Command;

/// The variable that seeds the random cases of property tests.
const SEED: &str = "PROPTEST_RNG_SEED";

pub fn run() -> Result<Tally> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(dirs::checkout())
        .env_remove("RUST_BACKTRACE");
    // One run says what the next one does. Another seed may be asked for.
    if std::env::var_os(SEED).is_none() {
        cargo.env(SEED, "1");
    }
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
