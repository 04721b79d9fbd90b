//! The packages that are tried. `cargo embed package` builds them, and they stay in the cache: a
//! build for release takes minutes, so it is repeated only if something in it has changed.

use crate::error::{Context, Error, Result};
use crate::{command, dirs, package};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that the files in a package depend on, but for the date of the commit.
const SOURCES: [&str; 16] = [
    ".cargo",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Makefile",
    "THIRD-PARTY-LICENSES.md",
    "authguard.control",
    "cli",
    "packaging",
    "pgrx-embed/src/package",
    "policy",
    "rust-toolchain.toml",
    "sql",
    "src",
    "tests/schema",
    "token",
];

/// The files of one major version, as they are released.
pub struct Package {
    pub deb: PathBuf,
    pub tarball: PathBuf,
    /// The package of the command line, which is the same for every version.
    pub program: PathBuf,
}

impl Package {
    /// Returns the package for a major version, built from the sources of this checkout.
    pub fn of(major: u16) -> Result<Package> {
        let all = dirs::readable_dir(dirs::servers()?.join("packages"))?;
        let place = all.join(format!("{major}-{:016x}", contents()?));
        if !place.is_dir() {
            let made = package::build(&[major])?;
            // One build of each version is kept.
            for entry in fs::read_dir(&all)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with(&format!("{major}-")) {
                    fs::remove_dir_all(entry.path())?;
                }
            }
            dirs::complete(&place, |dir| {
                for file in made.iter().filter(|file| file.is_file()) {
                    fs::copy(file, dir.join(file.file_name().unwrap_or_default()))?;
                }
                Ok(())
            })
            .context(|| "cannot keep the packages".into())?;
        }
        let find = |start: &str, end: &str| find(&place, start, end);
        Ok(Package {
            deb: find(&format!("postgresql-{major}-"), ".deb")?,
            tarball: find(
                concat!("authguard-", env!("CARGO_PKG_VERSION"), "-"),
                ".tar.gz",
            )?,
            program: find("authguard-cli_", ".deb")?,
        })
    }
}

/// A hash of the sources and of the compiler.
fn contents() -> Result<u64> {
    let mut list = Command::new("git");
    list.current_dir(dirs::checkout())
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
        ])
        .args(SOURCES);
    let mut files: Vec<PathBuf> = command::capture(&mut list)?
        .lines()
        .map(PathBuf::from)
        .filter(|file| dirs::checkout().join(file).is_file())
        .collect();
    files.sort();
    files.dedup();
    let mut sums = Command::new("sha256sum");
    let sums = command::capture(sums.current_dir(dirs::checkout()).args(files))?;
    let compiler = command::capture(Command::new("rustc").arg("-vV"))?;
    let mut hasher = DefaultHasher::new();
    (sums, compiler).hash(&mut hasher);
    Ok(hasher.finish())
}

fn find(dir: &Path, start: &str, end: &str) -> Result<PathBuf> {
    fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(start) && name.ends_with(end)
        })
        .ok_or_else(|| Error::new(format!("{} holds no {start}…{end}", dir.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_a_package_is_there() {
        for source in SOURCES {
            assert!(dirs::checkout().join(source).exists(), "{source}");
        }
        assert_eq!(contents().unwrap(), contents().unwrap());
    }
}
