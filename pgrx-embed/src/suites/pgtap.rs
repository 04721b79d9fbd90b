//! The pgTAP examples of the docs, run as a policy author would run them.
//!
//! pgTAP is SQL only. Its files are taken from the system's package into the private Postgres,
//! without installing the package or the server that it depends on.

use super::Target;
use super::outcome::{self, Tally};
use crate::error::{Error, Result};
use crate::postgres::Install;
use crate::{command, dirs, packages};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn run(target: &Target) -> Result<Tally> {
    let dir = dirs::checkout().join("docs/examples");
    let mut examples: Vec<PathBuf> = fs::read_dir(&dir)
        .map_err(|_| Error::new(format!("there are no examples in {}", dir.display())))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    examples.sort();

    install_pgtap(target.built()?)?;
    let cluster = target.boot()?;
    let mut total = Tally::default();
    for (number, example) in examples.iter().enumerate() {
        println!("{}", example.display());
        let database = format!("example{number}");
        cluster.create_database(&database)?;
        cluster
            .connect("postgres", &database)?
            .batch_execute("create extension pgtap")?;
        let mut psql = cluster.client_command("psql", &database);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f"])
            .arg(example);
        let (success, told) = command::tee(&mut psql)?;
        total = total + outcome::of_tap(&told).with_status(success);
    }
    Ok(total)
}

fn install_pgtap(install: &Install) -> Result<()> {
    if install.extensions().join("pgtap.control").is_file() {
        return Ok(());
    }
    let system = PathBuf::from(format!("/usr/share/postgresql/{}/extension", install.major));
    let from = match system.join("pgtap.control").is_file() {
        true => system,
        false => packaged(install.major)?,
    };
    for entry in fs::read_dir(&from)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("pgtap") {
            fs::copy(entry.path(), install.extensions().join(entry.file_name()))?;
        }
    }
    command::run(
        Command::new("chmod")
            .arg("-R")
            .arg("a+rX")
            .arg(install.extensions()),
    )
}

fn packaged(major: u16) -> Result<PathBuf> {
    let package = format!("postgresql-{major}-pgtap");
    let root = dirs::cache()?.join(&package);
    if !root.is_dir() {
        command::progress(format!("fetching {package}"));
        dirs::complete(&root, |dir| unpack(&package, dir))?;
    }
    Ok(root.join(format!("usr/share/postgresql/{major}/extension")))
}

fn unpack(package: &str, dir: &Path) -> Result<()> {
    packages::unpack(package, dir)
        .map_err(|error| error.hint(format!("pgTAP is looked for in the package {package}")))
}
