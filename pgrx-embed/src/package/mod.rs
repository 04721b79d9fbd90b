//! `cargo embed package`: the files of a release, in `target/packages/`.
//!
//! They depend on the commit and on the compilers only: every file in them has the commit's time,
//! and no path of the builder is in the library.

mod debian;
mod floor;
mod image;
mod program;
mod sbom;
mod tree;

use crate::error::{Context, Error, Result};
use crate::{command, dirs, packages};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use tree::Tree;

/// Builds everything for these major versions, and returns the paths of what was made.
pub fn build(majors: &[u16]) -> Result<Vec<PathBuf>> {
    packages::ensure_packaging_tools()?;
    let release = Release::current()?;
    let into = dirs::target("packages");
    fs::create_dir_all(&into)?;
    let mut made = Vec::new();
    for &major in majors {
        let begun = Instant::now();
        let tree = Tree::build(&release, major)?;
        made.push(tree.package(&release, &into)?);
        let name = format!("authguard-{}-pg{}", release.version, tree.major);
        made.push(tarball(&release, &name, &tree.root, &into)?);
        if major == image::MAJOR {
            made.push(image::layout(&release, &tree, &into)?);
        }
        let seconds = begun.elapsed().as_secs();
        command::progress(format!("packaged for Postgres {major} in {seconds} s"));
    }
    made.extend(program::build(&release, &into)?);
    let source = source(&release, &into)?;
    made.extend(sbom::write(&release, &source, &into)?);
    made.push(source);
    made.push(checksums(&into)?);
    Ok(made)
}

/// What the packages of one run have in common.
struct Release {
    version: &'static str,
    /// Debian's name of the architecture, such as `amd64`.
    architecture: String,
    /// The time of the commit, in seconds since 1970.
    epoch: String,
}

impl Release {
    fn current() -> Result<Release> {
        let mut dpkg = Command::new("dpkg");
        let architecture = command::capture(dpkg.arg("--print-architecture"))?;
        let epoch = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(epoch) => epoch,
            Err(_) => command::capture(git().args(["log", "-1", "--format=%ct"]))
                .map_err(|error| error.hint("packages are made from a checkout of git"))?,
        };
        Ok(Release {
            version: env!("CARGO_PKG_VERSION"),
            architecture: architecture.trim().into(),
            epoch: epoch.trim().into(),
        })
    }

    /// The commit's time as `date` writes it.
    fn date(&self, format: &str) -> Result<String> {
        let mut date = Command::new("date");
        date.env("LC_ALL", "C")
            .args(["--utc", "--date", &format!("@{}", self.epoch), format]);
        Ok(command::capture(&mut date)?.trim().into())
    }

    /// A `tar` command whose archive depends only on the names and the content of the files.
    fn tar(&self) -> Command {
        let mut tar = Command::new("tar");
        tar.args(["--create", "--format=gnu", "--sort=name", "--numeric-owner"])
            .args([
                "--owner=0",
                "--group=0",
                &format!("--mtime=@{}", self.epoch),
            ]);
        tar
    }
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.current_dir(dirs::checkout());
    git
}

/// A tree of files as an archive, to be unpacked in `/`.
fn tarball(release: &Release, name: &str, root: &Path, into: &Path) -> Result<PathBuf> {
    let file = into.join(format!("{name}-linux-{}.tar.gz", release.architecture));
    let mut tar = release.tar();
    tar.args(["--use-compress-program", "gzip -9 --no-name", "--file"])
        .arg(&file)
        .arg("--directory")
        .arg(root)
        .arg("usr");
    command::run(&mut tar)?;
    Ok(file)
}

/// The source distribution, as PGXN takes it: the commit, in one folder.
fn source(release: &Release, into: &Path) -> Result<PathBuf> {
    if !command::capture(git().args(["status", "--porcelain"]))?.is_empty() {
        command::progress("the source distribution has the commit, without your changes since");
    }
    let name = format!("authguard-{}", release.version);
    let file = into.join(format!("{name}.zip"));
    let mut archive = git();
    archive
        .args(["archive", "--format=zip", &format!("--prefix={name}/")])
        .arg(format!("--output={}", file.display()))
        .arg("HEAD");
    command::run(&mut archive)?;
    Ok(file)
}

/// SHA256SUMS of every file in the directory. An image is a directory, whose `index.json` names
/// everything in it by its hash.
fn checksums(dir: &Path) -> Result<PathBuf> {
    const NAME: &str = "SHA256SUMS";
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = PathBuf::from(path.file_name().unwrap_or_default());
        match path.is_dir() {
            true => files.push(name.join("index.json")),
            false if name.as_os_str() != NAME => files.push(name),
            false => {}
        }
    }
    files.sort();
    let told = command::capture(Command::new("sha256sum").current_dir(dir).args(files))?;
    let sums = dir.join(NAME);
    fs::write(&sums, told).context(|| format!("cannot write {}", sums.display()))?;
    Ok(sums)
}

/// A fresh directory for the steps of one package.
fn fresh(dir: PathBuf) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir).context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// Gives the files of a tree the modes of installed ones, whatever the umask is.
fn make_readable(tree: &Path) -> Result<()> {
    let mut chmod = Command::new("chmod");
    command::run(chmod.args(["-R", "u=rwX,go=rX"]).arg(tree))
}

/// Replaces each `@NAME@` of a template. A name that is left is an error.
fn filled(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let text = values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("@{name}@"), value)
        });
    match text.lines().find(|line| line.matches('@').count() > 1) {
        None => Ok(text),
        Some(line) => Err(Error::new(format!(
            "a template has a value missing: {line}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_leaves_no_name_unfilled() {
        let template = "Version: @VERSION@\nMaintainer: <somebody@example.org>\n";
        assert_eq!(
            filled(template, &[("VERSION", "1-1")]).unwrap(),
            "Version: 1-1\nMaintainer: <somebody@example.org>\n"
        );
        assert!(filled(template, &[("MAJOR", "15")]).is_err());
    }
}
