//! The packages, as a new user installs them: the files that are tested are those that are
//! installed. Each trial is in a bare Debian system of its own.

mod built;
mod debian;
mod majors;
mod outside;
mod server;
mod story;

use super::Target;
use super::outcome::Tally;
use crate::bare::{self, Base};
use crate::command;
use crate::error::Result;
use built::Package;
use std::time::Instant;

/// A release of Debian, and the version of Postgres in it.
pub struct Release {
    major: u16,
    base: Base,
}

/// The releases to install the packages in.
const RELEASES: [Release; 3] = [
    Release {
        major: 15,
        base: Base {
            suite: "bookworm",
            also: None,
            packages: &["postgresql-15"],
        },
    },
    Release {
        major: 17,
        base: Base {
            suite: "trixie",
            also: None,
            packages: &["postgresql-17"],
        },
    },
    Release {
        major: 18,
        base: Base {
            suite: "sid",
            also: None,
            packages: &["postgresql-18"],
        },
    },
];

impl Release {
    fn of(major: u16) -> Option<&'static Release> {
        RELEASES.iter().find(|release| release.major == major)
    }

    /// The name of the package for this version.
    fn package(&self) -> String {
        format!("postgresql-{}-authguard", self.major)
    }
}

pub fn run(target: &Target) -> Result<Tally> {
    let Some(release) = Release::of(target.major) else {
        return Ok(Tally::skip(&format!(
            "no release of Debian has Postgres {}",
            target.major
        )));
    };
    if let Some(why) = bare::obstacle() {
        return Ok(Tally::skip(&why));
    }
    let package = Package::of(release.major)?;
    let mut total = debian::run(release, &package)?;
    if release.major >= 18 {
        total = total
            + step("a tarball outside of /usr, without root", || {
                outside::run(release, &package)
            });
        let old = &RELEASES[0];
        total = total
            + step("pg_upgrade with the packages of both versions", || {
                majors::run((old, &Package::of(old.major)?), (release, &package))
            });
    }
    Ok(total)
}

/// Runs one test and prints its outcome.
fn step(name: &str, test: impl FnOnce() -> Result<()>) -> Tally {
    let start = Instant::now();
    let outcome = test();
    let took = start.elapsed().as_secs_f64();
    match &outcome {
        Ok(()) => command::show(&format!("test {name} ... ok ({took:.1} s)")),
        Err(error) => command::show(&format!("test {name} ... FAILED\n{error}")),
    }
    Tally::one(outcome.is_ok())
}
