//! The lists of the crates in the library and in the command line, in the form of CycloneDX.

use super::{Release, fresh};
use crate::error::{Context, Error, Result};
use crate::{command, dirs};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of cargo-cyclonedx, which writes the list.
const VERSION: &str = "0.5.9";

/// Writes the lists for the source distribution in `archive`. The crates are the same for every
/// major version.
pub fn write(release: &Release, archive: &Path, into: &Path) -> Result<[PathBuf; 2]> {
    let work = fresh(dirs::target("shipped").join("sbom"))?;
    // cargo-cyclonedx writes beside each Cargo.toml, so it gets a copy of the source.
    command::run(
        Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(archive)
            .arg(&work),
    )?;
    let source = work.join(format!("authguard-{}", release.version));
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut cyclonedx = Command::new(program()?);
    cyclonedx
        .current_dir(&source)
        .env("SOURCE_DATE_EPOCH", &release.epoch)
        .args(["cyclonedx", "--format", "json", "--spec-version", "1.5"])
        .args(["--no-build-deps", "--target", &target])
        .args(["--override-filename", "sbom"]);
    command::run_briefly(&mut cyclonedx).context(|| "cannot list the crates".into())?;
    // Crates of the workspace are named by their directory. The builder's is nobody's concern.
    let here = source.display().to_string();
    let keep = |dir: &str, name: &str| -> Result<PathBuf> {
        let file = into.join(format!(
            "{name}-{}-linux-{}.cdx.json",
            release.version, release.architecture
        ));
        let listed = fs::read_to_string(source.join(dir).join("sbom.json"))?;
        fs::write(&file, listed.replace(&here, "/authguard"))
            .context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    };
    Ok([keep("", "authguard")?, keep("cli", super::program::NAME)?])
}

/// cargo-cyclonedx of exactly [`VERSION`], from the cache or built now.
fn program() -> Result<PathBuf> {
    let root = dirs::cache()?.join(format!("cargo-cyclonedx-{VERSION}"));
    let program = root.join("bin/cargo-cyclonedx");
    if !program.is_file() {
        command::progress(format!("building cargo-cyclonedx {VERSION}, once"));
        command::run(
            Command::new("cargo")
                .args(["install", "cargo-cyclonedx", "--version", VERSION])
                .args(["--locked", "--root"])
                .arg(&root),
        )
        .context(|| format!("cannot build cargo-cyclonedx {VERSION}"))?;
    }
    match program.is_file() {
        true => Ok(program),
        false => Err(Error::new(format!("{} is missing", program.display()))),
    }
}
