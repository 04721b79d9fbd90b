//! The packages of the command line. It needs no Postgres on its machine and is the same for every
//! version, so it has a package of its own: those for the major versions can be installed beside
//! each other, and no two packages may have one file.

use super::debian::{self, Package};
use super::tree::{strip, target, without_paths};
use super::{Release, filled, fresh, make_readable, tarball};
use crate::error::{Context, Result};
use crate::{command, dirs, server};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the package and of the crate.
pub const NAME: &str = "authguard-cli";

/// Builds the program and its packages.
pub fn build(release: &Release, into: &Path) -> Result<[PathBuf; 2]> {
    let _alone = server::lock()?;
    command::progress("building the command line");
    let work = fresh(target().join("cli"))?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(dirs::checkout())
        .args(["build", "--release", "--locked", "--package", NAME])
        .env_remove("RUST_BACKTRACE")
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_ENCODED_RUSTFLAGS", without_paths()?);
    command::run(&mut cargo).context(|| "cannot build the command line".into())?;

    let root = work.join("root");
    let bin = root.join("usr/bin");
    fs::create_dir_all(&bin)?;
    strip(&target().join("release/authguard"), &bin.join("authguard"))?;
    let man = root.join("usr/share/man/man1");
    fs::create_dir_all(&man)?;
    let page = filled(
        include_str!("../../../packaging/deb/cli/authguard.1"),
        &[
            ("VERSION", release.version),
            ("DATE", &release.date("+%Y-%m-%d")?),
        ],
    )?;
    fs::write(man.join("authguard.1"), page)?;
    let mut gzip = Command::new("gzip");
    gzip.args(["-9", "--no-name", "authguard.1"]);
    command::run(gzip.current_dir(man))?;
    debian::document(release, NAME, "cli/THIRD-PARTY-LICENSES.md", &root)?;
    make_readable(&root)?;

    let package = Package {
        name: NAME,
        root: &root,
        work: &work,
        linked: "usr/bin/authguard".into(),
        depends: String::new(),
        control: (include_str!("../../../packaging/deb/cli/control"), &[]),
    };
    Ok([
        debian::package(release, &package, into)?,
        tarball(release, &format!("{NAME}-{}", release.version), &root, into)?,
    ])
}
