//! One installed Postgres: the directories of its parts, and the commands to run its programs.

use crate::command;
use crate::error::{Context, Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The major versions that the extension is built for.
pub const MAJORS: [u16; 5] = [14, 15, 16, 17, 18];

/// The major version that is used if none is named.
pub const DEFAULT_MAJOR: u16 = 15;

/// An installed Postgres. It is cheap to clone, because it holds paths only.
#[derive(Clone, Debug)]
pub struct Install {
    /// The major version, 14 to 18.
    pub major: u16,
    /// The full version as the server reports it, such as `15.19`.
    pub version: String,
    /// The directory of `postgres`, `psql` and `pg_config`.
    pub bin: PathBuf,
    /// The directory that extension libraries are loaded from.
    pub pkglib: PathBuf,
    /// The directory that contains `extension/` with control files and scripts.
    pub share: PathBuf,
    /// The directory of the server's headers.
    pub headers: PathBuf,
    /// The directory that throw-away servers copy their data from, if there is one.
    pub template: Option<PathBuf>,
    lib: PathBuf,
    pgxs: PathBuf,
}

impl Install {
    /// Reads an installation from the `pg_config` in a directory of Postgres programs.
    pub fn at(bin: &Path) -> Result<Install> {
        let pg_config = bin.join("pg_config");
        let told = command::capture(&mut Command::new(&pg_config))
            .context(|| format!("cannot ask {}", pg_config.display()))?;
        let version = parse_version(value(&told, "VERSION")?)
            .ok_or_else(|| Error::new(format!("{} tells no version", pg_config.display())))?;
        Ok(Install {
            major: version.0,
            version: version.1,
            bin: value(&told, "BINDIR")?.into(),
            pkglib: value(&told, "PKGLIBDIR")?.into(),
            share: value(&told, "SHAREDIR")?.into(),
            headers: value(&told, "INCLUDEDIR-SERVER")?.into(),
            template: None,
            lib: value(&told, "LIBDIR")?.into(),
            pgxs: value(&told, "PGXS")?.into(),
        })
    }

    /// The Postgres that `cargo embed test wire` chose for a test, read from `AUTHGUARD_PG_BIN` and
    /// `AUTHGUARD_PG_TEMPLATE`.
    pub fn from_env() -> Result<Install> {
        match std::env::var_os("AUTHGUARD_PG_BIN") {
            Some(bin) => Ok(Install {
                template: std::env::var_os("AUTHGUARD_PG_TEMPLATE").map(PathBuf::from),
                ..Install::at(Path::new(&bin))?
            }),
            None => Err(Error::new("AUTHGUARD_PG_BIN is not set")
                .hint("run these tests with `cargo embed test wire`")),
        }
    }

    /// Returns true if this Postgres can build and run the extension.
    pub fn has_server(&self) -> bool {
        self.headers.join("postgres.h").is_file()
            && self.bin.join("postgres").is_file()
            && self.bin.join("initdb").is_file()
    }

    /// The path of `pg_config`.
    pub fn pg_config(&self) -> PathBuf {
        self.bin.join("pg_config")
    }

    /// The directory of control files and install scripts.
    pub fn extensions(&self) -> PathBuf {
        self.share.join("extension")
    }

    /// A program of this Postgres, shielded from the environment of the person who runs the tool.
    pub fn command(&self, program: &str) -> Command {
        self.prepared(self.bin.join(program))
    }

    /// `pg_regress` or `pg_isolation_regress`, which are in the directory of the build files.
    pub fn regress_command(&self, kind: &str, program: &str) -> Command {
        let makefiles = self
            .pgxs
            .parent()
            .and_then(Path::parent)
            .unwrap_or(&self.pgxs);
        self.prepared(makefiles.join("test").join(kind).join(program))
    }

    /// The client library, if it is installed beside the server.
    pub fn libpq(&self) -> PathBuf {
        self.lib.join("libpq.so.5")
    }

    fn prepared(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            // With RUST_BACKTRACE, the DETAIL that a client sees would hold a backtrace.
            if name.starts_with("PG") || name.starts_with("RUST_") {
                command.env_remove(name.as_ref());
            }
        }
        command.env("LC_ALL", "C.UTF-8");
        // Programs in pgxs's directories have no run path that finds a relocated libpq.
        if self.libpq().exists() {
            command.env("LD_LIBRARY_PATH", &self.lib);
        } else {
            command.env_remove("LD_LIBRARY_PATH");
        }
        command
    }
}

/// One value from the output of `pg_config`.
fn value<'a>(told: &'a str, key: &str) -> Result<&'a str> {
    told.lines()
        .filter_map(|line| line.split_once(" = "))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.trim())
        .ok_or_else(|| Error::new(format!("pg_config tells no {key}")))
}

/// The major and the full version from `PostgreSQL 15.19 (Debian …)`.
fn parse_version(told: &str) -> Option<(u16, String)> {
    let version = told.split_whitespace().nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_packagers_write_them() {
        let read = |told| parse_version(told).map(|(major, _)| major);
        assert_eq!(read("PostgreSQL 15.20 (Debian 15.20-0+deb12u1)"), Some(15));
        assert_eq!(read("PostgreSQL 18beta1"), Some(18));
        assert_eq!(
            parse_version("PostgreSQL 14.23"),
            Some((14, "14.23".into()))
        );
        assert_eq!(read("PostgreSQL"), None);
        assert_eq!(read("PostgreSQL devel"), None);
    }

    #[test]
    fn values_are_found_by_their_whole_name() {
        let told = "INCLUDEDIR = /a\nINCLUDEDIR-SERVER = /b/server\nCFLAGS = -g = x\n";
        assert_eq!(value(told, "INCLUDEDIR-SERVER").unwrap(), "/b/server");
        assert!(value(told, "PGXS").is_err());
    }
}
