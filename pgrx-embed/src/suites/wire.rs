//! The crate in `tests/wire`: it gets the Postgres that it boots servers from by `AUTHGUARD_PG_BIN`, and the template of
//! their data by `AUTHGUARD_PG_TEMPLATE`.

use super::Target;
use super::outcome::{self, Tally};
use crate::error::Result;
use crate::{cluster, command, dirs, packages};
use std::process::Command;

/// How many tests run at a time: most of the time each waits for its server or for a client.
const THREADS: &str = "--test-threads=6";

pub fn run(target: &Target) -> Result<Tally> {
    let install = target.built()?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(dirs::checkout())
        .env_remove("RUST_BACKTRACE")
        .env("AUTHGUARD_PG_BIN", &install.bin)
        .envs(
            install
                .template
                .iter()
                .map(|template| ("AUTHGUARD_PG_TEMPLATE", template)),
        );
    cargo.args([
        "test",
        "--no-fail-fast",
        "-p",
        "authguard-wire",
        "--test",
        "wire",
    ]);
    cargo.args(["--", THREADS]);
    packages::pass_on(&mut cargo);
    let (success, output) = command::tee(&mut cargo)?;
    // A test that was killed left its servers.
    cluster::sweep()?;
    Ok(outcome::of_cargo(&output).with_status(success))
}
