//! The crate in `tests/wire`: it gets a server by `AUTHGUARD_TEST_URI`, and the Postgres to boot
//! more of its own from by `AUTHGUARD_PG_BIN`.

use super::Target;
use super::outcome::{self, Tally};
use crate::error::Result;
use crate::instances::DATABASE;
use crate::{cluster, command, dirs, packages};
use std::process::Command;

pub fn run(target: &Target) -> Result<Tally> {
    let server = target.boot()?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(dirs::checkout())
        .env_remove("RUST_BACKTRACE");
    cargo.args(["test", "--no-fail-fast", "-p", "authguard-wire"]);
    cargo.env("AUTHGUARD_TEST_URI", server.uri("postgres", DATABASE));
    cargo.env("AUTHGUARD_PG_BIN", &server.install().bin);
    packages::pass_on(&mut cargo);
    let (success, output) = command::tee(&mut cargo)?;
    // A test that was killed left its servers.
    cluster::sweep()?;
    Ok(outcome::of_cargo(&output).with_status(success))
}
