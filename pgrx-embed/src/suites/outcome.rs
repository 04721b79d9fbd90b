//! Test counts, read from the output of test runners.

use std::fmt;
use std::ops::Add;

/// The numbers of tests that passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that ran and held.
    pub passed: usize,
    /// Tests that ran and did not hold, or could not run.
    pub failed: usize,
    /// Tests that were reported as skipped.
    pub skipped: usize,
}

impl Tally {
    /// One failure: a suite that could not run at all.
    pub fn failure() -> Tally {
        Tally {
            failed: 1,
            ..Tally::default()
        }
    }

    /// One check, passed or failed.
    pub fn one(passed: bool) -> Tally {
        Tally {
            passed: usize::from(passed),
            failed: usize::from(!passed),
            ..Tally::default()
        }
    }

    /// Tests that cannot run here. The person at the terminal reads why.
    pub fn skip(why: &str) -> Tally {
        eprintln!("SKIPPED: {why}");
        Tally {
            skipped: 1,
            ..Tally::default()
        }
    }

    /// Returns true if no test ran, and none was skipped with a word either.
    pub fn is_empty(&self) -> bool {
        self.passed + self.failed + self.skipped == 0
    }

    /// Counts a failure if the runner failed without naming a test.
    pub fn with_status(mut self, success: bool) -> Tally {
        if !success && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl Add for Tally {
    type Output = Tally;

    fn add(self, other: Tally) -> Tally {
        Tally {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        match self.skipped {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} skipped"),
        }
    }
}

/// Counts every `test result:` line of cargo test: one for each test binary.
pub fn of_cargo(output: &str) -> Tally {
    let results = output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("test result: "));
    results
        .map(|line| Tally {
            passed: count_before(line, " passed"),
            failed: count_before(line, " failed"),
            skipped: count_before(line, " ignored"),
        })
        .fold(Tally::default(), Add::add)
}

/// Counts pg_regress of a version: from Postgres 16 on it prints TAP, before that `test NAME ...
/// ok`.
pub fn of_regress(major: u16, output: &str) -> Tally {
    if major >= 16 {
        return of_tap(output);
    }
    let results = output
        .lines()
        .filter_map(|line| line.split_once(" ... "))
        .map(|(_, told)| match told.split_whitespace().next() {
            Some("ok") => Tally {
                passed: 1,
                ..Tally::default()
            },
            Some("FAILED" | "failed") if told.contains("(ignored)") => Tally {
                skipped: 1,
                ..Tally::default()
            },
            Some("FAILED" | "failed") => Tally::failure(),
            _ => Tally::default(),
        });
    results.fold(Tally::default(), Add::add)
}

/// Counts TAP by its plan: tests that were planned and did not run have failed.
pub fn of_tap(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().map(str::trim_end) {
        match line {
            _ if line.starts_with("not ok ") => tally.failed += 1,
            _ if line.starts_with("ok ") && line.to_uppercase().contains("# SKIP") => {
                tally.skipped += 1
            }
            _ if line.starts_with("ok ") => tally.passed += 1,
            _ => {}
        }
    }
    let planned = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("1..")?.parse().ok());
    let ran = tally.passed + tally.failed + tally.skipped;
    match planned {
        Some(planned) if ran < planned => tally.failed += planned - ran,
        Some(_) => {}
        None => return tally.with_status(false),
    }
    tally
}

fn count_before(line: &str, word: &str) -> usize {
    let number = line
        .split_once(word)
        .and_then(|(before, _)| before.split_whitespace().last());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn cargo_test_is_summed_over_binaries() {
        let output = "running 2 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 10 passed; 3 failed; 0 ignored; 0 measured\n";
        assert_eq!(of_cargo(output), tally(12, 3, 1));
        assert_eq!(of_cargo("error: could not compile"), Tally::default());
    }

    #[test]
    fn pg_regress_is_read_in_both_of_its_forms() {
        let old = "test readers                     ... ok           12 ms\n\
            test trust                       ... FAILED       11 ms\n\
            test odd                         ... failed (ignored)    3 ms\n 1 of 2 tests failed. \n";
        assert_eq!(of_regress(15, old), tally(1, 1, 1));
        let tap = "# using postmaster on /x, port 1\nok 1         - readers    12 ms\n\
            not ok 2     - trust    9 ms\n1..2\n# 1 of 2 tests failed.\n";
        assert_eq!(of_regress(16, tap), tally(1, 1, 0));
        let ended = tap.replace("1..2", "1..3");
        assert_eq!(of_regress(16, &ended), tally(1, 2, 0));
    }

    #[test]
    fn tap_counts_what_did_not_run_as_failed() {
        assert_eq!(
            of_tap("1..3\nok 1 - a\nok 2 - b # SKIP why\nnot ok 3 - c\n"),
            tally(1, 1, 1)
        );
        assert_eq!(of_tap("1..3\nok 1 - a\n"), tally(1, 2, 0));
        assert_eq!(of_tap("ok 1 - no plan\n"), tally(1, 1, 0));
        assert_eq!(of_tap(""), tally(0, 1, 0));
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_fails() {
        assert_eq!(tally(2, 0, 0).with_status(false), tally(2, 1, 0));
        assert_eq!(tally(2, 1, 0).with_status(false), tally(2, 1, 0));
        assert_eq!(tally(2, 0, 0).with_status(true), tally(2, 0, 0));
    }

    #[test]
    fn the_closing_line_is_plain() {
        assert_eq!(tally(3, 0, 0).to_string(), "3 passed, 0 failed");
        assert_eq!(tally(3, 1, 2).to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
