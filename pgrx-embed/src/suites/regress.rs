//! pg_regress: SQL files against expected output, on a fresh server.

use super::Target;
use super::outcome::{self, Tally};
use crate::error::{Error, Result};
use crate::instances::DATABASE;
use crate::{command, dirs};
use std::fs;
use std::path::Path;

/// A runner of Postgres's own test suites.
pub struct Runner {
    /// The runner's directory in `tests/`, and in the build files of Postgres.
    pub kind: &'static str,
    /// The runner's program.
    pub program: &'static str,
    /// The directory of the runner's tests, and the extension of their files.
    pub files: (&'static str, &'static str),
}

pub fn run(target: &Target) -> Result<Tally> {
    Runner {
        kind: "regress",
        program: "pg_regress",
        files: ("sql", "sql"),
    }
    .run(target)
}

impl Runner {
    /// Runs every test, ordered by name, in one database with the extension.
    pub fn run(&self, target: &Target) -> Result<Tally> {
        let input = dirs::checkout().join("tests").join(self.kind);
        let tests = names(&input.join(self.files.0), self.files.1)?;
        let output = dirs::target(self.kind).join(format!("pg{}", target.major));
        let _ = fs::remove_dir_all(&output);
        fs::create_dir_all(&output)?;

        let cluster = target.boot()?;
        let mut command = cluster.install().regress_command(self.kind, self.program);
        command
            .arg("--inputdir")
            .arg(&input)
            .arg("--outputdir")
            .arg(&output)
            // pg_regress sets it from Postgres 15 on.
            .env("PG_ABS_SRCDIR", &input);
        command.arg("--bindir").arg(&cluster.install().bin);
        command
            .arg("--host")
            .arg(cluster.dir())
            .arg("--port")
            .arg(cluster.port().to_string());
        command
            .args(["--user=postgres", "--use-existing", "--dbname", DATABASE])
            .args(&tests);
        let (success, told) = command::tee(&mut command)?;
        let tally = outcome::of_regress(target.major, &told).with_status(success);
        if tally.failed > 0 {
            let diffs = fs::read(output.join("regression.diffs")).unwrap_or_default();
            command::show(&String::from_utf8_lossy(&diffs));
            let results = output.join("results");
            command::show(&format!(
                "if the new output is right: cp {}/NAME.out {}/expected/",
                results.display(),
                input.display()
            ));
        }
        Ok(tally)
    }
}

/// The names of the tests in a directory, in the order in which they run.
pub(super) fn names(dir: &Path, extension: &str) -> Result<Vec<String>> {
    let none = || Error::new(format!("there are no tests in {}", dir.display()));
    let mut names: Vec<String> = fs::read_dir(dir)
        .map_err(|_| none())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    match names.is_empty() {
        true => Err(none()),
        false => Ok(names),
    }
}
