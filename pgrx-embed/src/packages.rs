//! System packages that the tool needs. An error names the missing ones. If the tool runs as root,
//! apt-get installs them on request: by `--install`, or by `CI=true` in the environment. Without a
//! terminal (a container, a script) nobody could read the advice to request it, so the tool
//! installs as if requested.

use crate::error::{Context, Error, Result};
use crate::{command, unix};
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The variable that allows installing in the environment of the tests and the bench, which install
/// for themselves.
const ASKED: &str = "AUTHGUARD_INSTALL";

/// Set by `--install`.
static ASKED_HERE: OnceLock<()> = OnceLock::new();

/// Allows apt-get to install missing packages from now on.
pub fn allow_installing() {
    let _ = ASKED_HERE.set(());
}

/// Allows installing in a program that this one starts, if this one is allowed to.
pub fn pass_on(command: &mut Command) -> &mut Command {
    match may_install() {
        true => command.env(ASKED, "1"),
        false => command,
    }
}

fn may_install() -> bool {
    ASKED_HERE.get().is_some()
        || std::env::var_os(ASKED).is_some()
        || std::env::var_os("CI").is_some_and(|value| value == "true")
        || !std::io::stdin().is_terminal()
}

/// Ensures that the tools to build the extension are there: bindgen loads libclang and asks clang
/// for its headers.
pub fn ensure_build_tools() -> Result<()> {
    install(&missing_build_tools(), "building the extension")
}

fn missing_build_tools() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if command::on_path("cc").is_none() {
        missing.push("gcc");
    }
    if command::on_path("clang").is_none() {
        missing.push("clang");
    }
    if std::env::var_os("LIBCLANG_PATH").is_none() && !has_libclang() {
        missing.push("libclang-dev");
    }
    missing
}

/// Ensures that the tools to build Postgres itself are there.
pub fn ensure_compilers() -> Result<()> {
    let missing: Vec<_> = ["gcc", "make", "bison", "flex", "perl", "bzip2"]
        .into_iter()
        .filter(|program| command::on_path(program).is_none())
        .collect();
    install(&missing, "building Postgres")
}

/// Ensures that the tools to build packages are there.
pub fn ensure_packaging_tools() -> Result<()> {
    let missing: Vec<_> = [
        ("git", "git"),
        ("make", "make"),
        ("strip", "binutils"),
        ("dpkg-shlibdeps", "dpkg-dev"),
        ("lintian", "lintian"),
        ("umoci", "umoci"),
        ("python3", "python3"),
    ]
    .into_iter()
    .filter(|(program, _)| command::on_path(program).is_none())
    .map(|(_, package)| package)
    .collect();
    install(&missing, "building packages")
}

/// Ensures that sudo is there: `cargo pgrx test` changes the user by sudo if it runs as root.
pub fn ensure_sudo() -> Result<()> {
    match command::on_path("sudo") {
        Some(_) => Ok(()),
        None => install(&["sudo"], "the in-server tests"),
    }
}

/// Ensures that Python and its pip are there, to fetch a wheel. The packages for building are
/// checked at the same time, so that a person has to install packages only once.
pub fn ensure_pip() -> Result<()> {
    if command::capture(Command::new("python3").args(["-m", "pip", "--version"])).is_ok() {
        return Ok(());
    }
    let mut missing = vec!["python3-pip"];
    missing.extend(missing_build_tools());
    install(&missing, "fetching Postgres and building for it")
}

/// Ensures that npm is there, for clients written for Node.
pub fn ensure_npm() -> Result<()> {
    match command::on_path("npm") {
        Some(_) => Ok(()),
        None => install(&["nodejs", "npm"], "installing clients for Node"),
    }
}

/// Ensures that pgbouncer is there, the pool that the tests put before a server.
pub fn ensure_pgbouncer() -> Result<PathBuf> {
    // Debian puts it into a directory that only root's PATH has.
    let find = || {
        command::on_path("pgbouncer").or_else(|| {
            let file = PathBuf::from("/usr/sbin/pgbouncer");
            file.is_file().then_some(file)
        })
    };
    if find().is_none() {
        install(&["pgbouncer"], "the tests of pools")?;
    }
    find().ok_or_else(|| Error::new("pgbouncer did not arrive"))
}

/// Ensures that wrk is there, which sends the requests of the bench.
pub fn ensure_wrk() -> Result<()> {
    match command::on_path("wrk") {
        Some(_) => Ok(()),
        None => install(&["wrk"], "measuring PostgREST"),
    }
}

/// Ensures that the shared libraries of a fetched server, and of psql beside it, are there.
pub fn ensure_libraries_of(server: &Path) -> Result<()> {
    let mut ldd = Command::new("ldd");
    let told = command::capture(ldd.arg(server).arg(server.with_file_name("psql")))
        .context(|| "cannot see which libraries the fetched Postgres needs".into())?;
    let missing = packages_of(&told)?;
    install(
        &missing.into_iter().collect::<Vec<_>>(),
        "running the fetched Postgres",
    )
}

/// Unpacks a package's files below `dir` without installing the package or its dependencies.
pub fn unpack(package: &str, dir: &Path) -> Result<()> {
    if unix::is_root() && !may_install() {
        return Err(
            Error::new(format!("the package {package} is not in the cache"))
                .hint("run again with `--install`: apt-get then fetches it, without installing it"),
        );
    }
    let _alone = alone();
    update()?;
    command::run(
        Command::new("apt-get")
            .args(["download", "-qq", package])
            .current_dir(dir),
    )
    .context(|| format!("cannot fetch the package {package}"))?;
    let file = std::fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ext| ext == "deb"))
        .ok_or_else(|| Error::new(format!("the package {package} did not arrive")))?;
    command::run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(dir))
}

/// Ensures that debootstrap is there, which makes bare systems.
pub fn ensure_debootstrap() -> Result<()> {
    // Debian puts it into a directory that only root's PATH has.
    match Path::new("/usr/sbin/debootstrap").is_file() {
        true => Ok(()),
        false => install(&["debootstrap"], "trying the packages in bare systems"),
    }
}

/// The keys that Debian signs its releases with.
pub const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The mirror of Debian that this machine's apt-get uses. It has other releases than this machine's
/// as well.
pub fn mirror() -> Result<String> {
    let advice = "this needs Debian with its keyring (debian-archive-keyring)";
    let known = || -> Result<Option<String>> {
        let told = command::capture(Command::new("apt-get").args([
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
            "Origin: Debian",
        ]))
        .map_err(|error| error.hint(advice))?;
        let mut uris = told.lines();
        Ok(uris
            .find(|uri| uri.ends_with("/debian/"))
            .map(str::to_owned))
    };
    match known()? {
        Some(mirror) => Ok(mirror),
        // A fresh container has no package lists, and only they name the origin.
        None => {
            update()?;
            known()?.ok_or_else(|| Error::new("apt-get knows no mirror of Debian").hint(advice))
        }
    }
}

/// Fetches the files of a source package of a Debian release into `dir`, without unpacking them.
/// The machine's own sources may lack that release, so apt-get gets lists of its own, in `dir`.
pub fn fetch_source(package: &str, version: &str, suite: &str, dir: &Path) -> Result<()> {
    let mirror = mirror()?;
    let lists = dir.join("apt");
    std::fs::create_dir_all(lists.join("lists/partial"))?;
    let sources = lists.join("sources.list");
    std::fs::write(
        &sources,
        format!("deb-src [signed-by={KEYRING}] {mirror} {suite} main\n"),
    )?;
    let own = |args: &[&str]| {
        let mut command = apt_get();
        for (option, place) in [
            ("Dir::Etc::sourcelist", sources.as_path()),
            ("Dir::Etc::sourceparts", Path::new("-")),
            ("Dir::State::lists", &lists.join("lists")),
            ("Dir::Cache", &lists),
        ] {
            command
                .arg("-o")
                .arg(format!("{option}={}", place.display()));
        }
        // As root, apt-get would fetch as a user who may not write here.
        command
            .args(["-o", "APT::Sandbox::User=root", "-qq"])
            .args(args);
        command::run(command.current_dir(dir))
    };
    own(&["update"])?;
    own(&["source", "--download-only", &format!("{package}={version}")])
        .context(|| format!("cannot fetch the source of {package} {version}"))
        .map_err(|error| error.hint("Debian may have a newer version: pgrx-embed/src/asserts.rs"))
}

fn has_libclang() -> bool {
    let Ok(dirs) = std::fs::read_dir("/usr/lib") else {
        return false;
    };
    dirs.filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|dir| {
            dir.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with("llvm-"))
        })
        .any(|dir| dir.join("lib/libclang.so").exists() || dir.join("lib/libclang.so.1").exists())
}

/// The packages of the missing libraries, each once.
fn packages_of(ldd: &str) -> Result<BTreeSet<&'static str>> {
    ldd.lines()
        .filter(|line| line.contains("=> not found"))
        .filter_map(|line| line.split_whitespace().next())
        // libpq comes with Postgres: its directory is put on the library path when a program runs.
        .filter(|library| !library.starts_with("libpq."))
        .map(|library| {
            package_of(library).ok_or_else(|| {
                Error::new(format!("the fetched Postgres needs {library}"))
                    .hint("install the package that holds it, or Postgres with server headers")
            })
        })
        .collect()
}

/// The name of the Debian package that has this library.
fn package_of(library: &str) -> Option<&'static str> {
    let known = [
        ("libxml2.", "libxml2"),
        ("liblz4.", "liblz4-1"),
        ("libzstd.", "libzstd1"),
        ("libssl.", "libssl3"),
        ("libcrypto.", "libssl3"),
        ("libgssapi_krb5.", "libgssapi-krb5-2"),
        ("libreadline.", "libreadline8"),
    ];
    known
        .iter()
        .find(|(start, _)| library.starts_with(start))
        .map(|(_, package)| *package)
}

fn install(packages: &[&str], purpose: &str) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    let has_apt_get = command::on_path("apt-get").is_some();
    if let Some(advice) = advice(&names, has_apt_get, unix::is_root(), may_install()) {
        return Err(Error::new(format!(
            "{purpose} needs packages that are missing: {names}"
        ))
        .hint(advice));
    }
    let _alone = alone();
    command::progress(format!("installing {names}"));
    update()?;
    command::run(
        apt_get()
            .args(["install", "-qq", "-y", "--no-install-recommends"])
            .args(packages),
    )
    .context(|| format!("cannot install {names}"))
}

/// Advice for the person who has to install missing packages; `None` if apt-get installs them now.
fn advice(names: &str, has_apt_get: bool, is_root: bool, may_install: bool) -> Option<String> {
    match (has_apt_get, is_root, may_install) {
        (false, ..) => Some("install them with this system's package manager".into()),
        (true, false, _) => Some(format!("run: sudo apt-get install {names}")),
        (true, true, false) => Some(format!(
            "run again with `--install`, or run: apt-get install {names}"
        )),
        (true, true, true) => None,
    }
}

/// Allows one apt-get at a time: parallel tests ask for packages, and apt-get does not wait for its
/// lock.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refreshes the package lists, once a run and only as root.
fn update() -> Result<()> {
    static DONE: OnceLock<()> = OnceLock::new();
    if DONE.get().is_none() && unix::is_root() {
        command::run(apt_get().args(["update", "-qq"]))?;
        let _ = DONE.set(());
    }
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_libraries_are_named_by_their_package() {
        let ldd = "/x/bin/postgres:\n\tlibssl.so.3 => not found\n\tlibcrypto.so.3 => not found\n\
                   \tlibc.so.6 => /lib/libc.so.6 (0x1)\n\
                   /x/bin/psql:\n\tlibpq.so.5 => not found\n\tlibreadline.so.8 => not found\n";
        let packages: Vec<_> = packages_of(ldd).unwrap().into_iter().collect();
        assert_eq!(packages, ["libreadline8", "libssl3"]);
    }

    #[test]
    fn nothing_is_installed_unless_root_has_asked_for_it() {
        let advice = |is_root, may_install| advice("clang", true, is_root, may_install);
        assert_eq!(advice(true, true), None);
        let told = advice(true, false).unwrap();
        assert!(told.contains("`--install`") && told.contains(": apt-get install clang"));
        for asked in [false, true] {
            let told = advice(false, asked).unwrap();
            assert_eq!(told, "run: sudo apt-get install clang");
        }
    }

    #[test]
    fn a_missing_library_of_no_known_package_is_named() {
        let told = packages_of("\tlibodd.so.1 => not found\n").unwrap_err();
        assert!(told.to_string().contains("needs libodd.so.1"), "{told}");
    }
}
