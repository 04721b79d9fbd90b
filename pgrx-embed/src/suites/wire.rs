//! The crate in `tests/wire`. `AUTHGUARD_PG_BIN` names the Postgres that it starts servers from,
//! and `AUTHGUARD_PG_TEMPLATE` the template of their data.

use super::outcome::{self, Tally};
use super::{Majors, Target, plan};
use crate::error::Result;
use crate::postgres::Install;
use crate::{cluster, command, dirs, packages};
use std::process::Command;

/// The number of tests that run at a time: most of the time each waits for its server or a client.
const THREADS: &str = "--test-threads=6";

pub fn run(target: &Target) -> Result<Tally> {
    let mut tests = match target.asked {
        Majors::One(_) => cargo(target.built()?),
        Majors::All => {
            let planned = planned(target)?;
            let mut tests = cargo(target.built()?);
            tests.arg("--exact").args(planned);
            tests
        }
    };
    let (success, output) = command::tee(tests.arg(THREADS))?;
    // A killed test may have left servers behind.
    cluster::sweep()?;
    Ok(outcome::of_cargo(&output).with_status(success))
}

/// The names of the tests that the plan has for this version.
fn planned(target: &Target) -> Result<Vec<String>> {
    let mut list = cargo(target.built()?);
    let all = command::capture(list.args(["--list", "--format=terse"]))?;
    let names = all.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names
        .filter(|name| {
            let module = name.split("::").next().unwrap_or(name);
            plan::has_module(target.major, module)
        })
        .map(str::to_owned)
        .collect())
}

/// The program of the tests, to which the caller adds arguments.
fn cargo(install: &Install) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(dirs::checkout())
        .env_remove("RUST_BACKTRACE")
        .env("AUTHGUARD_PG_BIN", &install.bin);
    if let Some(template) = &install.template {
        cargo.env("AUTHGUARD_PG_TEMPLATE", template);
    }
    packages::pass_on(&mut cargo);
    cargo.args(["test", "-p", "authguard-wire", "--test", "wire", "--"]);
    cargo
}
