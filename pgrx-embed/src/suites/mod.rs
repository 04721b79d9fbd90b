//! `cargo embed test`: a module for each kind of test, and one count at the end.

mod isolation;
mod lint;
mod outcome;
mod packages;
mod pgtap;
mod pgtest;
mod plan;
mod regress;
mod unit;
mod wire;

pub use outcome::Tally;

use crate::cluster::{Cluster, Config};
use crate::error::{Error, Result};
use crate::instances::DATABASE;
use crate::postgres::{Install, MAJORS};
use crate::{asserts, command, schema, server, source};
use clap::ValueEnum;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

/// A kind of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Formatting and clippy
    Lint,
    /// The token rules and this tool, without a server
    Unit,
    /// The install script against its snapshot
    Schema,
    /// The extension's tests inside a server
    Pgtest,
    /// SQL against expected output
    Regress,
    /// Two sessions, step by step
    Isolation,
    /// Clients, crashes and standbys over real connections
    Wire,
    /// The example of the docs for policy authors
    Pgtap,
    /// The packages in bare Debian systems, as a new user installs them
    Packages,
}

/// The versions of Postgres to test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Majors {
    /// One version.
    One(u16),
    /// All supported versions, each with the suites that it could change.
    All,
}

/// Reads `15` or `all`.
pub fn parse_majors(text: &str) -> Result<Majors> {
    match text {
        "all" => Ok(Majors::All),
        major => source::parse_major(major).map(Majors::One),
    }
}

/// The build of Postgres to test on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// As packaged.
    Packaged,
    /// With assertions.
    Assert,
    /// With assertions, and every plan in a parallel worker that can be run there.
    AssertParallel,
}

impl Server {
    fn label(self) -> &'static str {
        match self {
            Server::Packaged => "",
            Server::Assert => ", assert",
            Server::AssertParallel => ", assert, parallel",
        }
    }
}

/// Runs suites, prints their outcomes and times, and returns the sum.
pub fn run(suite: Option<Suite>, majors: Majors) -> Tally {
    run_on(
        runs(suite, majors)
            .into_iter()
            .map(|(major, suites)| (Target::new(major, majors, Server::Packaged), suites)),
    )
}

/// Runs the suites that need a server on Postgres with assertions: as it is, and once more with
/// parallel plans forced. An error means that nothing ran.
pub fn run_with_assertions(suite: Option<Suite>, majors: Majors) -> Result<Tally> {
    const SUITES: [Suite; 3] = [Suite::Regress, Suite::Isolation, Suite::Wire];
    let suites = match suite {
        None => SUITES.to_vec(),
        Some(suite) if SUITES.contains(&suite) => vec![suite],
        Some(_) => {
            return Err(Error::new("this suite does not run with `--assert`")
                .hint("choose regress, isolation or wire"));
        }
    };
    let majors: Vec<u16> = match majors {
        Majors::All => asserts::majors().collect(),
        Majors::One(major) => vec![major],
    };
    let targets = majors.into_iter().flat_map(|major| {
        [Server::Assert, Server::AssertParallel]
            .map(|server| Target::new(major, Majors::One(major), server))
    });
    Ok(run_on(targets.map(|target| (target, suites.clone()))))
}

/// The suites that run one program at a time, and wait: for the time at which a token or a limit
/// ends, for the disk. They run beside the others.
const WAITING: [Suite; 3] = [Suite::Regress, Suite::Isolation, Suite::Packages];

/// A suite that has run: its line in the summary.
struct Outcome {
    suite: Suite,
    line: String,
    tally: Tally,
}

fn run_on(runs: impl Iterator<Item = (Target, Vec<Suite>)>) -> Tally {
    let outcomes: Vec<Outcome> = runs
        .flat_map(|(target, suites)| on_one(&target, &suites))
        .collect();
    let lines: Vec<&str> = outcomes.iter().map(|of| of.line.as_str()).collect();
    let total = outcomes
        .iter()
        .fold(Tally::default(), |sum, of| sum + of.tally);
    println!("\n{}\n\n{total}", lines.join("\n"));
    total
}

/// Runs the suites of one target. The outcomes are in the order of `suites`.
fn on_one(target: &Target, suites: &[Suite]) -> Vec<Outcome> {
    let (waiting, working): (Vec<Suite>, Vec<Suite>) =
        suites.iter().partition(|suite| WAITING.contains(suite));
    // An error is told by each suite.
    if waiting.is_empty() || working.is_empty() || target.built().is_err() {
        return in_turn(target, suites);
    }
    let mut outcomes = thread::scope(|scope| {
        let beside = scope.spawn(|| command::kept(|| in_turn(target, &waiting)));
        let mut outcomes = in_turn(target, &working);
        let (more, told) = beside
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        println!("{told}");
        outcomes.extend(more);
        outcomes
    });
    outcomes.sort_by_key(|of| suites.iter().position(|suite| *suite == of.suite));
    outcomes
}

/// Runs suites, one after the other.
fn in_turn(target: &Target, suites: &[Suite]) -> Vec<Outcome> {
    let run = suites.iter().map(|&suite| {
        let on = target.server.label();
        let name = format!("{} (Postgres {}{on})", label(suite), target.major);
        command::progress(format!("testing: {name}"));
        let start = Instant::now();
        let tally = one(suite, target).unwrap_or_else(|error| {
            eprintln!("error: {error}");
            Tally::failure()
        });
        let took = start.elapsed().as_secs();
        Outcome {
            suite,
            line: format!("{name:<42} {took:>5} s  {tally}"),
            tally,
        }
    });
    run.collect()
}

/// The suites to run on each version: all that were asked for, or those of the plan.
fn runs(suite: Option<Suite>, majors: Majors) -> Vec<(u16, Vec<Suite>)> {
    let asked = suite.map_or(Suite::value_variants().to_vec(), |suite| vec![suite]);
    match majors {
        Majors::One(major) => vec![(major, asked)],
        Majors::All => MAJORS
            .into_iter()
            .map(|major| {
                let here = |of: &Suite| plan::has_suite(major, *of, suite.is_some());
                (
                    major,
                    asked.iter().copied().filter(here).collect::<Vec<_>>(),
                )
            })
            .filter(|(_, suites)| !suites.is_empty())
            .collect(),
    }
}

fn one(suite: Suite, target: &Target) -> Result<Tally> {
    let tally = match suite {
        Suite::Lint => lint::run(target),
        Suite::Unit => unit::run(),
        Suite::Schema => schema::check(target.built()?).map(|()| Tally::one(true)),
        Suite::Pgtest => pgtest::run(target),
        Suite::Regress => regress::run(target),
        Suite::Isolation => isolation::run(target),
        Suite::Wire => wire::run(target),
        Suite::Pgtap => pgtap::run(target),
        Suite::Packages => packages::run(target),
    }?;
    if tally.is_empty() {
        eprintln!("error: the suite {} ran no test", label(suite));
        return Ok(Tally::failure());
    }
    Ok(tally)
}

fn label(suite: Suite) -> String {
    suite
        .to_possible_value()
        .map_or(String::new(), |value| value.get_name().to_owned())
}

/// One version of Postgres, built when the first suite needs it.
struct Target {
    major: u16,
    asked: Majors,
    server: Server,
    install: OnceLock<Install>,
}

impl Target {
    fn new(major: u16, asked: Majors, server: Server) -> Target {
        Target {
            major,
            asked,
            server,
            install: OnceLock::new(),
        }
    }

    fn built(&self) -> Result<&Install> {
        match self.install.get() {
            Some(install) => Ok(install),
            None => {
                let install = match self.server {
                    Server::Packaged => server::built_for_tests(self.major),
                    Server::Assert => server::built_with_assertions(self.major, false),
                    Server::AssertParallel => server::built_with_assertions(self.major, true),
                }?;
                Ok(self.install.get_or_init(|| install))
            }
        }
    }

    /// A throw-away server with the extension in database [`DATABASE`].
    fn boot(&self) -> Result<Cluster> {
        let cluster = Cluster::create(self.built()?, Config::default())?;
        cluster.create_database(DATABASE)?;
        Ok(cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::DEFAULT_MAJOR;

    #[test]
    fn all_versions_run_what_they_could_change_and_the_rest_runs_once() {
        let runs = runs(None, Majors::All);
        assert_eq!(runs.len(), MAJORS.len());
        let count = |suite| {
            runs.iter()
                .filter(|(_, suites)| suites.contains(&suite))
                .count()
        };
        assert_eq!(count(Suite::Regress), MAJORS.len());
        assert_eq!(count(Suite::Wire), MAJORS.len());
        assert_eq!(count(Suite::Unit), 1);
        assert_eq!(count(Suite::Schema), 1);
    }

    #[test]
    fn a_suite_that_runs_once_does_not_build_every_version() {
        assert_eq!(
            runs(Some(Suite::Unit), Majors::All),
            [(DEFAULT_MAJOR, vec![Suite::Unit])]
        );
    }

    #[test]
    fn the_packages_of_one_more_version_are_tried_if_their_suite_is_named() {
        let majors = |suite| -> Vec<u16> {
            runs(suite, Majors::All)
                .into_iter()
                .filter(|(_, suites)| suites.contains(&Suite::Packages))
                .map(|(major, _)| major)
                .collect()
        };
        assert_eq!(majors(None), [15, 18]);
        assert_eq!(majors(Some(Suite::Packages)), [15, 17, 18]);
    }

    #[test]
    fn no_suite_means_every_suite() {
        assert_eq!(runs(None, Majors::One(18))[0].1, Suite::value_variants());
    }
}
