//! The plan of `cargo embed test --pg all`: which tests run on which versions of Postgres, and why.
//! Tests that a version could change run on all of them. `docs/testing.md` shows the same table.

use super::Suite;
use crate::postgres::{DEFAULT_MAJOR, MAJORS};

const EVERY: &[u16] = &MAJORS;
const ONE: &[u16] = &[DEFAULT_MAJOR];
const BEFORE_THE_NEWEST: &[u16] = MAJORS.split_at(MAJORS.len() - 1).0;

type Versions = &'static [u16];

/// Each suite.
const SUITES: [(Suite, Versions, &str); 8] = [
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
        EVERY,
        "memory, `jsonb` and the log are the server's",
    ),
    (Suite::Regress, EVERY, "SQL, plans and the catalogue"),
    (Suite::Isolation, EVERY, "snapshots and locks"),
    (Suite::Wire, EVERY, "by its modules, below"),
    (
        Suite::Pgtap,
        ONE,
        "an example of SQL that `regress` runs everywhere; pgTAP is packaged for 15 only",
    ),
];

/// Each module of the wire tests.
const WIRE: [(&[&str], Versions, &str); 12] = [
    (
        &[
            "adopt",
            "adopt_dump",
            "adopt_trust",
            "coverage",
            "missing",
            "pages",
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
            "claims",
            "claims_function",
            "cursors",
            "described_claims",
            "encodings",
            "kinds",
            "one_truth",
            "options",
            "options_settings",
            "refused_claims",
            "session_user",
            "statements",
            "visibility",
            "workers",
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
            "expensive",
            "memory_short",
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
        &["backtrace", "canary"],
        EVERY,
        "what Postgres logs and reports",
    ),
    (
        &[
            "clients",
            "guide",
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
    (&["session_growth"], ONE, "how many rows the library writes"),
    (
        &["demo", "reference", "settings", "words"],
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

/// Returns true if a suite runs on this version.
pub fn has_suite(major: u16, suite: Suite) -> bool {
    SUITES
        .iter()
        .any(|(of, versions, _)| *of == suite && versions.contains(&major))
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
            _ => format!("{} to {}", versions[0], versions[versions.len() - 1]),
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
}
