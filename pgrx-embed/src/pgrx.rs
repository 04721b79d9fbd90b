//! Building and installing the extension with cargo-pgrx.
//!
//! All versions are built in `target/`. Everything that is built for tests has cargo's profile
//! `dev`, so that the tests share their dependencies. Each Postgres has a `PGRX_HOME`, which
//! replaces `~/.pgrx` and its set-up. `PGRX_PG_CONFIG_PATH` would replace it, too, but cargo
//! compares that variable: each change of it builds the bindings again.

use crate::error::{Context, Error, Result};
use crate::postgres::Install;
use crate::{command, dirs, packages};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of cargo-pgrx, which must equal that of the `pgrx` crate.
const VERSION: &str = "0.18.1";

/// The way to build the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Quick to build, and with the checks of a debug build.
    ForTests,
    /// As shipped, to be measured or worked with.
    Release,
}

/// Builds the extension and installs it into that Postgres.
pub fn install_extension(install: &Install, build: Build) -> Result<()> {
    command::progress(format!("building for Postgres {}", install.major));
    let mut command = cargo_pgrx(install, "install")?;
    command.arg("--pg-config").arg(install.pg_config());
    if build == Build::Release {
        command.arg("--release");
    }
    command::run_briefly(with_features(&mut command, install))
        .context(|| format!("cannot build for Postgres {}", install.major))?;
    make_readable(install)
}

/// A `cargo pgrx` command for one Postgres, to which the caller adds arguments.
pub fn cargo_pgrx(install: &Install, subcommand: &str) -> Result<Command> {
    let program = program()?;
    let mut command = for_building(Command::new(&program), install)?;
    command
        .args(["pgrx", subcommand])
        .env("PATH", path_with(&program));
    Ok(command)
}

/// A plain `cargo` command that can build the extension for one Postgres.
pub fn cargo(install: &Install) -> Result<Command> {
    for_building(Command::new("cargo"), install)
}

/// Sets the directory that a command builds in, and the Postgres that it builds against.
fn for_building(mut command: Command, install: &Install) -> Result<Command> {
    packages::ensure_build_tools()?;
    command.current_dir(dirs::checkout());
    // `cargo run` describes this tool in the environment. Build scripts would take those variables
    // for their own.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    command
        .env("PGRX_HOME", home(install)?)
        .env_remove("PGRX_PG_CONFIG_PATH")
        .env("CARGO_TARGET_DIR", dirs::checkout().join("target"))
        .env_remove("RUST_BACKTRACE");
    // cargo-pgrx passes a linker flag to its builds, for linkers that would drop the description of
    // the SQL. Cargo compares that flag, too, and would build the dependencies once more because of
    // it.
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        command.env("CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND", "1");
    }
    Ok(command)
}

/// Chooses the cargo feature of this Postgres instead of the default one.
pub fn with_features<'a>(command: &'a mut Command, install: &Install) -> &'a mut Command {
    command.args(["--no-default-features", "--features", &feature(install)])
}

/// The cargo feature of a Postgres, such as `pg15`.
pub fn feature(install: &Install) -> String {
    format!("pg{}", install.major)
}

/// Names this Postgres to cargo-pgrx. Build scripts watch the file, so it is written only if it
/// changes.
fn home(install: &Install) -> Result<PathBuf> {
    let home = dirs::readable_dir(install.pkglib.join("pgrx"))?;
    let config = home.join("config.toml");
    let told = format!(
        "[configs]\n{} = {:?}\n",
        feature(install),
        install.pg_config()
    );
    if std::fs::read_to_string(&config).ok().as_ref() != Some(&told) {
        std::fs::write(&config, told)?;
    }
    Ok(home)
}

/// cargo-pgrx of exactly [`VERSION`]: from the cache, from the PATH, or built now.
fn program() -> Result<PathBuf> {
    let root = dirs::cache()?.join(format!("cargo-pgrx-{VERSION}"));
    let cached = root.join("bin/cargo-pgrx");
    if is_ours(&cached) {
        return Ok(cached);
    }
    if let Some(found) = command::on_path("cargo-pgrx").filter(|found| is_ours(found)) {
        return Ok(found);
    }
    command::progress(format!(
        "building cargo-pgrx {VERSION}, once: this takes 4 to 8 minutes"
    ));
    // cargo-pgrx's default features need OpenSSL's headers, to download a Postgres that is not
    // needed here.
    command::run(
        Command::new("cargo")
            .args(["install", "cargo-pgrx", "--version", VERSION, "--locked"])
            .args(["--no-default-features", "--root"])
            .arg(&root),
    )
    .context(|| format!("cannot build cargo-pgrx {VERSION}"))
    .map_err(|error| error.hint("cargo's messages above say why; then try again"))?;
    match is_ours(&cached) {
        true => Ok(cached),
        false => Err(Error::new(format!(
            "{} is not version {VERSION}",
            cached.display()
        ))),
    }
}

fn is_ours(program: &Path) -> bool {
    program.is_file()
        && command::capture(Command::new(program).args(["pgrx", "--version"]))
            .is_ok_and(|told| told.split_whitespace().last() == Some(VERSION))
}

/// The PATH for `cargo pgrx test`, which calls `cargo pgrx install`: that must be the same program.
fn path_with(program: &Path) -> std::ffi::OsString {
    let mut path = program
        .parent()
        .map(Path::as_os_str)
        .unwrap_or_default()
        .to_owned();
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

/// Makes the installed files readable for the server's user, even if root's umask is strict.
fn make_readable(install: &Install) -> Result<()> {
    let mut command = Command::new("chmod");
    command
        .arg("a+rX")
        .arg(install.pkglib.join("authguard.so"))
        .arg(install.extensions());
    for entry in std::fs::read_dir(install.extensions())? {
        let path = entry?.path();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("authguard"))
        {
            command.arg(path);
        }
    }
    command::run(&mut command)
}
