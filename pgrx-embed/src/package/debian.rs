//! The Debian package of one major version. It has no maintainer scripts: a running server loads a
//! new library in new connections, and `alter extension authguard update` is the owner's decision.

use super::tree::Tree;
use super::{Release, filled, floor, fresh};
use crate::command;
use crate::error::{Context, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the package, and fails if lintian finds an error or a warning in it.
pub fn package(release: &Release, tree: &Tree, into: &Path) -> Result<PathBuf> {
    let shared = shared_libraries(tree)?;
    floor::check(&shared)?;
    let depends = format!("postgresql-{}, {shared}", tree.major);
    let control = filled(
        include_str!("../../../packaging/deb/control"),
        &[
            ("PACKAGE", tree.name.as_str()),
            ("VERSION", &format!("{}-1", release.version)),
            ("ARCH", &release.architecture),
            ("HOMEPAGE", env!("CARGO_PKG_REPOSITORY")),
            ("SIZE", &size(tree)?),
            ("DEPENDS", &depends),
            ("MAJOR", &tree.major.to_string()),
        ],
    )?;
    // The archive is made from a copy, because its control files lie among the files to install.
    let stage = fresh(tree.work.join("deb"))?;
    let mut copy = Command::new("cp");
    command::run(copy.arg("-a").arg(tree.root.join("usr")).arg(&stage))?;
    let own = stage.join("DEBIAN");
    fs::create_dir(&own)?;
    fs::write(own.join("control"), control)?;
    fs::write(own.join("md5sums"), md5sums(&stage)?)?;
    let name = format!(
        "{}_{}-1_{}.deb",
        tree.name, release.version, release.architecture
    );
    let checked = tree.work.join(&name);
    // All files belong to root without being root's here, as with fakeroot. Files that are newer
    // than the commit get its time.
    let mut build = Command::new("dpkg-deb");
    build
        .env("SOURCE_DATE_EPOCH", &release.epoch)
        .args(["--root-owner-group", "-Zxz", "--build"])
        .arg(&stage)
        .arg(&checked);
    command::run(&mut build)?;
    let mut lintian = Command::new("lintian");
    lintian.args(["--fail-on", "error,warning", "--tag-display-limit", "0"]);
    command::run(lintian.arg(&checked)).context(|| format!("lintian objects to {name}"))?;
    let file = into.join(name);
    fs::rename(&checked, &file).context(|| format!("cannot make {}", file.display()))?;
    Ok(file)
}

/// The packages of the shared libraries, such as `libc6 (>= 2.34), libgcc-s1 (>= 4.2)`.
fn shared_libraries(tree: &Tree) -> Result<String> {
    let work = fresh(tree.work.join("shlibdeps"))?;
    fs::create_dir(work.join("debian"))?;
    fs::write(
        work.join("debian/control"),
        format!(
            "Source: authguard\n\nPackage: {}\nArchitecture: any\n",
            tree.name
        ),
    )?;
    let library = format!("usr/lib/postgresql/{}/lib/authguard.so", tree.major);
    let mut shlibdeps = Command::new("dpkg-shlibdeps");
    shlibdeps
        .current_dir(&work)
        .arg("-O")
        .arg(tree.root.join(library));
    let told = command::capture(&mut shlibdeps)
        .map_err(|error| error.hint("packages are built on Debian or a system made of it"))?;
    told.trim()
        .strip_prefix("shlibs:Depends=")
        .map(str::to_owned)
        .ok_or_else(|| Error::new(format!("dpkg-shlibdeps tells no dependencies: {told}")))
}

/// The size of the installed files in KiB.
fn size(tree: &Tree) -> Result<String> {
    let mut du = Command::new("du");
    du.args(["--summarize", "--apparent-size", "--block-size=1K"]);
    let told = command::capture(du.arg(&tree.root))?;
    Ok(told.split_whitespace().next().unwrap_or("0").to_owned())
}

fn md5sums(stage: &Path) -> Result<String> {
    let mut sums = Command::new("sh");
    sums.current_dir(stage).args([
        "-c",
        "find usr -type f -print0 | LC_ALL=C sort --zero-terminated | xargs --null md5sum",
    ]);
    command::capture(&mut sums)
}
