//! Postgres with its assertions, built once from Debian's source package. Postgres checks a great
//! deal only then: locks that are held, reference counts, what an extension may call and when.

use crate::error::{Context, Error, Result};
use crate::{command, dirs, packages};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Source {
    major: u16,
    /// The version of the source package.
    version: &'static str,
    /// The release of Debian that has it.
    suite: &'static str,
    /// The hash of the archive of Postgres in it.
    sha256: &'static str,
}

/// The source packages that may be built. If Debian has replaced one by a newer version, its line
/// needs that version and its hash.
const SOURCES: [Source; 2] = [
    Source {
        major: 15,
        version: "15.18-0+deb12u1",
        suite: "bookworm",
        sha256: "11df0df97fe3ea4ba9a791faaf39cee1d2fe571e78885b5b55d8517d27c323b4",
    },
    Source {
        major: 18,
        version: "18.6-3",
        suite: "sid",
        sha256: "555610c24d53e4316da5b7d3fc25c279d96856d5e0e23ee308c328c5fa881d9f",
    },
];

/// The versions that can be built with assertions.
pub fn majors() -> impl Iterator<Item = u16> {
    SOURCES.iter().map(|source| source.major)
}

/// The root of the build of a major version. If it is not in the cache, this fetches the source and
/// builds it, which takes minutes.
pub fn build(major: u16) -> Result<PathBuf> {
    let source = SOURCES
        .iter()
        .find(|source| source.major == major)
        .ok_or_else(|| {
            Error::new(format!(
                "no source of Postgres {major} with assertions is known"
            ))
            .hint("choose --pg 15, 18 or all")
        })?;
    let root = dirs::servers()?.join(format!("postgres-{}-assert", source.version));
    if !root.is_dir() {
        packages::ensure_compilers()?;
        command::progress(format!("building Postgres {major} with assertions"));
        dirs::complete(&root, |dir| {
            let work = dir.join("build");
            dirs::readable_dir(work.clone())?;
            let archive = fetch(source, &work)?;
            compile(&archive, &work, &root, dir)
                .context(|| format!("cannot build Postgres {major} with assertions"))?;
            Ok(fs::remove_dir_all(work)?)
        })?;
    }
    Ok(root)
}

/// Fetches the archive of Postgres into `work`; its hash is checked.
fn fetch(source: &Source, work: &Path) -> Result<PathBuf> {
    let name = format!("postgresql-{}", source.major);
    packages::fetch_source(&name, source.version, source.suite, work)?;
    let archive = fs::read_dir(work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(".orig.tar.bz2"))
        .ok_or_else(|| Error::new(format!("the source of {name} did not arrive")))?;
    let told = command::capture(Command::new("sha256sum").arg(&archive))?;
    match told.starts_with(source.sha256) {
        true => Ok(archive),
        false => Err(Error::new(format!(
            "{} is not the file it should be",
            archive.display()
        ))),
    }
}

/// Builds Postgres for the directory `root`, and installs it into `dir`, which becomes `root`.
fn compile(archive: &Path, work: &Path, root: &Path, dir: &Path) -> Result<()> {
    let tree = work.join("tree");
    let installed = work.join("installed");
    fs::create_dir(&tree)?;
    command::run(
        Command::new("tar")
            .args(["--extract", "--no-same-owner", "--strip-components=1"])
            .arg("--file")
            .arg(archive)
            .arg("--directory")
            .arg(&tree),
    )?;
    let mut configure = Command::new("./configure");
    configure
        .arg(format!("--prefix={}", root.display()))
        .args(["--quiet", "--enable-cassert", "--disable-rpath"])
        .args(["--without-icu", "--without-readline", "--without-zlib"]);
    command::run_briefly(configure.current_dir(&tree))?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    for (parts, target) in [(".", "all"), (".", "install"), ("contrib", "install")] {
        command::run_briefly(
            Command::new("make")
                .args(["--silent", &format!("--jobs={jobs}"), "-C", parts, target])
                .arg(format!("DESTDIR={}", installed.display()))
                .current_dir(&tree),
        )?;
    }
    let made = installed.join(root.strip_prefix("/").unwrap_or(root));
    for part in fs::read_dir(made)? {
        let part = part?;
        fs::rename(part.path(), dir.join(part.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::{DEFAULT_MAJOR, MAJORS};

    #[test]
    fn the_oldest_of_debian_and_the_newest_are_pinned() {
        assert_eq!(
            majors().collect::<Vec<_>>(),
            [DEFAULT_MAJOR, MAJORS[MAJORS.len() - 1]]
        );
        for source in &SOURCES {
            assert!(source.version.starts_with(&format!("{}.", source.major)));
            assert_eq!(source.sha256.len(), 64);
        }
    }
}
