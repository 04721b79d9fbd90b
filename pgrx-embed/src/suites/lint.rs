//! Formatting and clippy over the whole workspace, the form of other text, and the workflows.

mod text;
mod workflows;

use super::Target;
use super::outcome::Tally;
use crate::error::Result;
use crate::{command, dirs, pgrx};
use std::process::Command;

pub fn run(target: &Target) -> Result<Tally> {
    let mut format = Command::new("cargo");
    format
        .current_dir(dirs::checkout())
        .args(["fmt", "--all", "--check"]);
    let install = target.built()?;
    let mut clippy = pgrx::cargo(install)?;
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets"]);
    pgrx::with_features(&mut clippy, install).args(["--", "-D", "warnings"]);
    let mut tally = text::check()? + workflows::check()?;
    for check in [&mut format, &mut clippy] {
        tally = tally + Tally::one(command::run(check).is_ok());
    }
    Ok(tally)
}
