//! The tree of files that a package for one major version installs.

use super::debian::{self, Package};
use super::{Release, fresh, make_readable};
use crate::error::{Context, Error, Result};
use crate::postgres::Install;
use crate::{command, dirs, pgrx, server, source};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files for one major version, below a root of their own.
pub struct Tree {
    pub major: u16,
    /// The name of the Debian package.
    pub name: String,
    /// What stands for `/`.
    pub root: PathBuf,
    /// The directory of the package's own steps.
    pub work: PathBuf,
    install: Install,
    library: PathBuf,
}

impl Tree {
    /// Builds the library for release, with the headers of that major version, and lays out the
    /// files as Debian's Postgres expects them.
    pub fn build(release: &Release, major: u16) -> Result<Tree> {
        let _alone = server::lock()?;
        let work = fresh(target().join(format!("pg{major}")))?;
        let install = source::private_install(major, "")?;
        let tree = Tree {
            major,
            name: format!("postgresql-{major}-authguard"),
            root: work.join("root"),
            library: library(&install, &work)?,
            work,
            install,
        };
        tree.install(
            &tree.root,
            &format!("/usr/lib/postgresql/{major}/lib"),
            &format!("/usr/share/postgresql/{major}"),
        )?;
        debian::document(release, &tree.name, "THIRD-PARTY-LICENSES.md", &tree.root)?;
        make_readable(&tree.root)?;
        Ok(tree)
    }

    /// Makes the Debian package.
    pub fn package(&self, release: &Release, into: &Path) -> Result<PathBuf> {
        let major = self.major.to_string();
        let package = Package {
            name: &self.name,
            root: &self.root,
            work: &self.work,
            linked: format!("usr/lib/postgresql/{major}/lib/authguard.so"),
            depends: format!("postgresql-{major}, "),
            control: (
                include_str!("../../../packaging/deb/control"),
                &[("MAJOR", &major)],
            ),
        };
        debian::package(release, &package, into)
    }

    /// Installs the extension below `root`, into these directories.
    pub fn install(&self, root: &Path, pkglibdir: &str, datadir: &str) -> Result<()> {
        let mut make = Command::new("make");
        make.current_dir(dirs::checkout())
            .args(["--silent", "install"])
            .arg(variable("PG_CONFIG", self.install.pg_config()))
            .arg(variable("library", &self.library))
            .arg(variable("DESTDIR", root))
            .arg(variable("pkglibdir", pkglibdir))
            .arg(variable("datadir", datadir));
        command::run(&mut make)
    }
}

/// The directory of all steps of packaging.
pub fn target() -> PathBuf {
    dirs::target("shipped")
}

fn variable(name: &str, value: impl AsRef<OsStr>) -> OsString {
    let mut variable = OsString::from(name);
    variable.push("=");
    variable.push(value);
    variable
}

/// Builds the library for release and returns the path of its stripped copy. It has a target
/// directory of its own: its flags differ from those of `cargo embed up`, and each would make cargo
/// build the other one's dependencies again.
fn library(install: &Install, work: &Path) -> Result<PathBuf> {
    command::progress(format!("building for Postgres {}", install.major));
    let mut cargo = pgrx::cargo(install)?;
    cargo
        .args(["build", "--release", "--locked", "--lib"])
        .args(["--package", "authguard"])
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_ENCODED_RUSTFLAGS", without_paths()?);
    command::run(pgrx::with_features(&mut cargo, install))
        .context(|| format!("cannot build for Postgres {}", install.major))?;
    let stripped = work.join("authguard.so");
    strip(&target().join("release/libauthguard.so"), &stripped)?;
    Ok(stripped)
}

/// Copies a library or a program without what only a debugger reads.
pub fn strip(built: &Path, stripped: &Path) -> Result<()> {
    let mut strip = Command::new("strip");
    strip
        .args(["--strip-unneeded", "--remove-section=.comment", "-o"])
        .arg(stripped)
        .arg(built);
    command::run(&mut strip)
}

/// The flags that keep the builder's directories out of what is built, where panics name their
/// place.
pub fn without_paths() -> Result<OsString> {
    let home = match (std::env::var_os("CARGO_HOME"), std::env::home_dir()) {
        (Some(home), _) => PathBuf::from(home),
        (None, Some(home)) => home.join(".cargo"),
        (None, None) => {
            return Err(Error::new("there is no home directory").hint("set CARGO_HOME"));
        }
    };
    let remap = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flag
    };
    let mut flags = remap(&home.join("registry/src"), "/cargo");
    // What separates two flags in CARGO_ENCODED_RUSTFLAGS.
    flags.push("\x1f");
    flags.push(remap(dirs::checkout(), "/authguard"));
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// A directory that has a library, and a `pg_config` of Postgres 17.
    fn prepared(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("embed-{name}-{}", std::process::id()));
        let dir = fresh(dir).unwrap();
        fs::write(dir.join("built.so"), "a library").unwrap();
        let config = dir.join("pg_config");
        fs::write(&config, "#!/bin/sh\necho PostgreSQL 17.6\n").unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o755)).unwrap();
        dir
    }

    fn make(dir: &Path, library: &str) -> bool {
        let mut make = Command::new("make");
        make.current_dir(dirs::checkout())
            .args(["--silent", "install", "pkglibdir=/lib", "datadir=/share"])
            .arg(variable("PG_CONFIG", dir.join("pg_config")))
            .arg(variable("library", dir.join(library)))
            .arg(variable("DESTDIR", dir.join("root")));
        command::capture(&mut make).is_ok()
    }

    #[test]
    fn an_installation_is_the_library_a_control_file_and_the_frozen_script() {
        let dir = prepared("makefile");
        assert!(make(&dir, "built.so"));
        let root = dir.join("root");
        let version = env!("CARGO_PKG_VERSION");
        let script = format!("authguard--{version}.sql");
        let mut names: Vec<_> = fs::read_dir(root.join("share/extension"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.matches("--").count() < 2)
            .collect();
        names.sort();
        assert_eq!(names, [script.as_str(), "authguard.control"]);

        let control = fs::read_to_string(root.join("share/extension/authguard.control")).unwrap();
        assert!(
            control.contains(&format!("\ndefault_version = '{version}'\n")),
            "{control}"
        );
        assert!(!control.contains('@'), "{control}");
        let shipped = fs::read(root.join("share/extension").join(&script)).unwrap();
        let frozen = fs::read(dirs::checkout().join("tests/schema").join(&script)).unwrap();
        assert!(shipped == frozen);
        let library = root.join("lib/authguard.so");
        assert_eq!(fs::read(&library).unwrap(), b"a library");
        assert_eq!(
            library.metadata().unwrap().permissions().mode() & 0o777,
            0o644
        );
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn nothing_is_installed_that_is_not_built() {
        let dir = prepared("unbuilt");
        assert!(!make(&dir, "missing.so"));
        assert!(!dir.join("root").exists());
        fs::remove_dir_all(dir).unwrap();
    }
}
