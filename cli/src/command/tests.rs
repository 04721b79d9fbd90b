//! Files of SQL, tests and migrations, and the files that these include.

use crate::error::{Error, Result};
use authguard_policy::Script;
use std::fs;
use std::path::Path;

/// Reads the files of a suite.
pub fn read(files: &[String]) -> Result<Vec<Script>> {
    let read = files.iter().map(|file| {
        let text = text(Path::new(file)).map_err(Error::new)?;
        Script::read(file, &text, &mut include).map_err(|error| Error::new(error.to_string()))
    });
    let scripts: Vec<Script> = read.collect::<Result<_>>()?;
    match scripts.is_empty() {
        false => Ok(scripts),
        true => Err(Error::new("no file of tests is named")),
    }
}

/// Reads a migration.
pub fn read_migration(file: &Path) -> Result<Script> {
    let text = text(file).map_err(Error::new)?;
    let name = file.to_string_lossy();
    Script::migration(&name, &text, &mut include).map_err(|error| Error::new(error.to_string()))
}

/// Reads a file that a script includes: as in psql, a relative path is one of the working
/// directory, or for `\ir` one of the directory of that script.
fn include(
    script: &str,
    path: &str,
    beside: bool,
) -> std::result::Result<(String, String), String> {
    let path = match Path::new(script).parent() {
        Some(directory) if beside => directory.join(path),
        _ => Path::new(path).to_owned(),
    };
    Ok((path.to_string_lossy().into_owned(), text(&path)?))
}

fn text(file: &Path) -> std::result::Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
