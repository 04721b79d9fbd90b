//! The plan of `cargo embed test --pg all`: which tests run on which versions of Postgres, and why.
//! Tests that a version could change run on all of them. `docs/testing.md` shows the same table.

use super::Suite;
use crate::postgres::{DEFAULT_MAJOR, MAJORS};

const EVERY: &[u16] = &MAJORS;
const ONE: &[u16] = &[DEFAULT_MAJOR];
/// The oldest, the default and the newest. Between the others the library's code has no form of its
/// own, apart from one call that a test below names.
const OF_EVERY_FORM: &[u16] = &[MAJORS[0], DEFAULT_MAJOR, MAJORS[MAJORS.len() - 1]];
const BEFORE_THE_NEWEST: &[u16] = MAJORS.split_at(MAJORS.len() - 1).0;
const OLDEST_OF_DEBIAN_AND_NEWEST: &[u16] = &[DEFAULT_MAJOR, MAJORS[MAJORS.len() - 1]];

type Versions = &'static [u16];

/// Each suite.
const SUITES: [(Suite, Versions, &str); 9] = [
    (
        Suite::Lint,
        ONE,
        "the text of the code; every version compiles it",
    ),
    (Suite::Unit, ONE, "no server"),
    (
        Suite::Schema,
        ONE,
        "one install script serves every version",
    ),
    (
        Suite::Pgtest,
        ONE,
        "functions of the library that have one form on every version; `regress` compares `jsonb` and settings everywhere",
    ),
    (Suite::Regress, EVERY, "SQL, plans and the catalogue"),
    (Suite::Isolation, EVERY, "snapshots and locks"),
    (Suite::Wire, EVERY, "by its modules, below"),
    (
        Suite::Pgtap,
        ONE,
        "an example of SQL that `regress` runs everywhere; pgTAP is packaged for 15 only",
    ),
    (
        Suite::Packages,
        OLDEST_OF_DEBIAN_AND_NEWEST,
        "the oldest and the newest Debian with the package; 17 as well if the suite is named",
    ),
];

/// Versions on which a suite runs as well if it is named.
const IF_NAMED: [(Suite, Versions); 1] = [(Suite::Packages, &[17])];

/// Each module of the wire tests.
const WIRE: [(&[&str], Versions, &str); 19] = [
    (
        &[
            "adopt",
            "adopt_dump",
            "adopt_trust",
            "coverage",
            "lint",
            "missing",
            "pages",
            "policy_texts",
            "restore",
            "secrets",
            "upgrade",
        ],
        EVERY,
        "the catalogue, dumps and updates",
    ),
    (
        &[
            "attach",
            "attach_elsewhere",
            "attach_form",
            "attach_hostile",
            "attach_partitions",
            "attach_partitions_elsewhere",
            "session_triggers",
        ],
        EVERY,
        "triggers, partitions and logical replication",
    ),
    (
        &[
            "claims_function",
            "cursors",
            "encodings",
            "kinds",
            "one_truth",
            "refused_claims",
            "session_user",
            "statements",
            "visibility",
        ],
        EVERY,
        "settings, plans, snapshots and parallel workers",
    ),
    (
        &[
            "distrusted",
            "elsewhere",
            "event_follow",
            "faults",
            "handed_out",
            "keys",
            "monitor",
            "own_tables",
            "own_tables_concurrent",
            "own_tables_triggers",
            "replication",
            "revoke_crash",
            "session_copies",
            "session_crash",
            "sync",
        ],
        EVERY,
        "invalidations, recovery, standbys and replication",
    ),
    (
        &[
            "cancel",
            "credentials",
            "cut_offs",
            "disk_full",
            "session_bad_rows",
            "session_cancel",
            "session_forgery",
            "session_held",
            "session_keys",
            "session_locks",
            "session_quiet",
            "session_row",
            "sessions",
            "step_up",
            "tokens",
        ],
        EVERY,
        "row writes, locks, interrupts and memory",
    ),
    (
        &[
            "claims",
            "described_claims",
            "expensive",
            "memory_short",
            "options",
            "options_settings",
            "workers",
        ],
        OF_EVERY_FORM,
        "memory, parsers, settings and workers at their limits: 14, 15 and 18 have every form of the code for them",
    ),
    (
        &["explain_random"],
        ONE,
        "policies against execution: their rules have not changed between 14 and 18",
    ),
    (
        &["backtrace", "canary"],
        EVERY,
        "what Postgres logs and reports",
    ),
    (
        &[
            "clients",
            "examples",
            "guide",
            "lint_reports",
            "pgrls",
            "picture",
            "pools",
            "postgrest",
            "postgrest_sessions",
        ],
        ONE,
        "programs of others, whose SQL and protocol are the same on every version",
    ),
    (
        &["clock", "session_model"],
        ONE,
        "the rules of sessions, which are in the crate `token`; their SQL runs everywhere in `sessions` and others",
    ),
    (
        &["cli_connect"],
        ONE,
        "the client's side of connections, which is the same on every version",
    ),
    (
        &["cli"],
        ONE,
        "the commands of the command line; what they ask is tried on every version in `lint` and others",
    ),
    (
        &["lint_page", "lint_rules"],
        ONE,
        "the rules of lint, which are in the crate `policy`; `lint` reads facts on every version",
    ),
    (&["session_growth"], ONE, "how many rows the library writes"),
    (
        &["operations"],
        ONE,
        "programs of others, and a page of queries that `regress` runs everywhere",
    ),
    (
        &["supabase"],
        ONE,
        "what Supabase's parts send, and the rows that they change",
    ),
    (
        &[
            "demo",
            "reference",
            "settings",
            "transcripts",
            "troubleshooting",
            "words",
        ],
        ONE,
        "pages, comments and settings beside the code, which is the same on every version",
    ),
    (&["cron"], ONE, "pg_cron is packaged for 15 only"),
    (
        &["pg_upgrade"],
        BEFORE_THE_NEWEST,
        "to the newest, from each of the others",
    ),
];

/// Returns true if a suite runs on this version. `named` tells that no other suite was asked for.
pub fn has_suite(major: u16, suite: Suite, named: bool) -> bool {
    let usual = SUITES.iter().map(|(of, versions, _)| (of, versions));
    let more = IF_NAMED.iter().map(|(of, versions)| (of, versions));
    usual
        .chain(more.filter(|_| named))
        .any(|(of, versions)| *of == suite && versions.contains(&major))
}

/// Returns true if a module of the wire tests runs on this version.
pub fn has_module(major: u16, module: &str) -> bool {
    WIRE.iter()
        .any(|(modules, versions, _)| versions.contains(&major) && modules.contains(&module))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dirs;
    use clap::ValueEnum;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    #[test]
    fn every_suite_is_in_the_plan_once() {
        for suite in Suite::value_variants() {
            let count = SUITES.iter().filter(|(of, ..)| of == suite).count();
            assert_eq!(count, 1, "{suite:?}");
        }
    }

    #[test]
    fn every_wire_module_is_in_the_program_and_in_the_plan_once() {
        let dir = dirs::checkout().join("tests/wire/tests");
        let files: BTreeSet<String> = fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned()))
            .filter(|name| name != "main")
            .collect();
        let main = fs::read_to_string(dir.join("main.rs")).unwrap();
        let declared = main
            .lines()
            .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        assert_eq!(declared.map(str::to_owned).collect::<BTreeSet<_>>(), files);
        let mut planned: Vec<&str> = WIRE
            .iter()
            .flat_map(|(modules, ..)| modules.iter().copied())
            .collect();
        planned.sort_unstable();
        assert_eq!(
            planned,
            files.iter().map(String::as_str).collect::<Vec<_>>()
        );
    }

    #[test]
    fn the_page_on_testing_shows_the_plan() {
        let versions = |versions: &[u16]| match versions {
            [one] => one.to_string(),
            [one, other] => format!("{one} and {other}"),
            [first, .., last] if usize::from(last - first) == versions.len() - 1 => {
                format!("{first} to {last}")
            }
            some => some
                .iter()
                .map(u16::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        };
        let suites = SUITES.iter().map(|(suite, on, why)| {
            let name = super::super::label(*suite);
            format!("| `{name}` | {} | {why} |\n", versions(on))
        });
        let wire = WIRE.iter().map(|(modules, on, why)| {
            let names = modules.join("`, `");
            format!("| `wire`: `{names}` | {} | {why} |\n", versions(on))
        });
        let table: String = suites.chain(wire).collect();
        let page = fs::read_to_string(dirs::checkout().join("docs/testing.md")).unwrap();
        assert!(page.contains(&table), "docs/testing.md lacks:\n{table}");
    }

    /// The files below a directory that have any of these words.
    fn having(dir: &Path, words: &[&str]) -> Vec<PathBuf> {
        let entries = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut found: Vec<PathBuf> = entries
            .flat_map(|path| match path.is_dir() {
                true => having(&path, words),
                false => {
                    let text = fs::read_to_string(&path).unwrap();
                    let has = words.iter().any(|word| text.contains(word));
                    has.then_some(path).into_iter().collect()
                }
            })
            .collect();
        found.sort();
        found
    }

    #[test]
    fn the_versions_that_are_left_out_have_no_code_of_their_own() {
        let left_out = MAJORS.iter().filter(|major| !OF_EVERY_FORM.contains(major));
        let names: Vec<String> = left_out.map(|major| format!("\"pg{major}\"")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let src = dirs::checkout().join("src");
        // One argument more from 18 on. The tests of sessions run this call on every version.
        assert_eq!(having(&src, &names), [src.join("pg/row_write.rs")]);
    }
}
