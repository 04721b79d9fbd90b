//! Debian packages. None has maintainer scripts: a running server loads a new library in new
//! connections, and `alter extension authguard update` is the owner's decision.

use super::{Release, filled, floor, fresh};
use crate::error::{Context, Error, Result};
use crate::{command, dirs};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is in a package, and what is said about it.
pub struct Package<'a> {
    /// The name.
    pub name: &'a str,
    /// What stands for `/`.
    pub root: &'a Path,
    /// The directory of the package's own steps.
    pub work: &'a Path,
    /// The library or program, below the root.
    pub linked: String,
    /// The packages that it needs besides those of shared libraries, with commas after them.
    pub depends: String,
    /// The template of its control file, and values of its own.
    pub control: (&'a str, &'a [(&'a str, &'a str)]),
}

/// Builds the package, and fails if lintian finds an error or a warning in it.
pub fn package(release: &Release, package: &Package, into: &Path) -> Result<PathBuf> {
    let shared = shared_libraries(package)?;
    floor::check(&shared)?;
    let (template, own) = package.control;
    let usual = [
        ("PACKAGE", package.name),
        ("VERSION", &format!("{}-1", release.version)),
        ("ARCH", &release.architecture),
        ("HOMEPAGE", env!("CARGO_PKG_REPOSITORY")),
        ("SIZE", &size(package.root)?),
        ("DEPENDS", &format!("{}{shared}", package.depends)),
    ];
    let control = filled(template, &[&usual, own].concat())?;
    // The archive is made from a copy, because its control files lie among the files to install.
    let stage = fresh(package.work.join("deb"))?;
    let mut copy = Command::new("cp");
    command::run(copy.arg("-a").arg(package.root.join("usr")).arg(&stage))?;
    let own = stage.join("DEBIAN");
    fs::create_dir(&own)?;
    fs::write(own.join("control"), control)?;
    fs::write(own.join("md5sums"), md5sums(&stage)?)?;
    let name = format!(
        "{}_{}-1_{}.deb",
        package.name, release.version, release.architecture
    );
    let checked = package.work.join(&name);
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
fn shared_libraries(package: &Package) -> Result<String> {
    let work = fresh(package.work.join("shlibdeps"))?;
    fs::create_dir(work.join("debian"))?;
    fs::write(
        work.join("debian/control"),
        format!(
            "Source: authguard\n\nPackage: {}\nArchitecture: any\n",
            package.name
        ),
    )?;
    let mut shlibdeps = Command::new("dpkg-shlibdeps");
    shlibdeps
        .current_dir(&work)
        .arg("-O")
        .arg(package.root.join(&package.linked));
    let told = command::capture(&mut shlibdeps)
        .map_err(|error| error.hint("packages are built on Debian or a system made of it"))?;
    told.trim()
        .strip_prefix("shlibs:Depends=")
        .map(str::to_owned)
        .ok_or_else(|| Error::new(format!("dpkg-shlibdeps tells no dependencies: {told}")))
}

/// The size of the installed files in KiB.
fn size(root: &Path) -> Result<String> {
    let mut du = Command::new("du");
    du.args(["--summarize", "--apparent-size", "--block-size=1K"]);
    let told = command::capture(du.arg(root))?;
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

/// Adds what Debian wants to know of a package: who wrote it, what is new, the licences of the
/// crates that are linked.
pub fn document(release: &Release, name: &str, licences: &str, root: &Path) -> Result<()> {
    let doc = root.join("usr/share/doc").join(name);
    fs::create_dir_all(&doc)?;
    let version = format!("{}-1", release.version);
    let copyright = filled(
        include_str!("../../../packaging/deb/copyright"),
        &[
            ("HOMEPAGE", env!("CARGO_PKG_REPOSITORY")),
            ("YEAR", &release.date("+%Y")?),
        ],
    )?;
    let changelog = filled(
        include_str!("../../../packaging/deb/changelog"),
        &[
            ("VERSION", &version),
            ("UPSTREAM", release.version),
            ("DATE", &release.date("+%a, %d %b %Y %T %z")?),
        ],
    )?;
    fs::write(doc.join("copyright"), copyright)?;
    fs::write(doc.join("changelog.Debian"), changelog)?;
    let checkout = dirs::checkout();
    fs::copy(checkout.join("CHANGELOG.md"), doc.join("changelog"))?;
    fs::copy(checkout.join(licences), doc.join("THIRD-PARTY-LICENSES.md"))?;
    let overrides = root.join("usr/share/lintian/overrides");
    fs::create_dir_all(&overrides)?;
    fs::write(
        overrides.join(name),
        filled(
            include_str!("../../../packaging/deb/lintian-overrides"),
            &[("PACKAGE", name)],
        )?,
    )?;
    let mut gzip = Command::new("gzip");
    gzip.args(["-9", "--no-name", "changelog", "changelog.Debian"]);
    command::run(gzip.current_dir(doc))
}
