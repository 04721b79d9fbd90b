//! Rules of lint on schemas written for them: each folder of `tests/lint` is a rule, whose files
//! show that the mistake works for the wrong user, or are near misses. In no file does any of these
//! rules find an error or a warning but those that the file names. A note of another rule is not
//! named: it says that there is something to know, not that something is wrong.

use authguard_policy::finding::{Finding, Level};
use authguard_policy::{facts::Facts, lint};
use authguard_wire::policies::Session;
use authguard_wire::{admin, server};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs;
use std::path::{Path, PathBuf};

/// The folder of applications that are right as they are.
const RIGHT: &str = "must-not-be-reported";

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("it is read").path())
        .collect();
    paths.sort();
    paths
}

/// The findings that the first lines of a file name: rule, level, object, and the policy if there
/// is one.
fn expected(sql: &str) -> Vec<String> {
    let lines = sql
        .lines()
        .map_while(|line| line.strip_prefix("-- finds: "));
    let lines: Vec<_> = lines.map(str::to_owned).collect();
    assert!(!lines.is_empty(), "the file says what it has");
    if lines == ["nothing"] {
        Vec::new()
    } else {
        lines
    }
}

fn line(finding: &Finding) -> String {
    let policy = finding.policy.as_ref().map(|name| format!(" {name}"));
    let Finding {
        rule,
        level,
        object,
        ..
    } = finding;
    format!("{rule} {level} {object}{}", policy.unwrap_or_default())
}

/// Runs a file, with its proof, and returns what the rules find there.
fn found(cluster: &Cluster, prelude: &str, sql: &str, rules: &[String]) -> Vec<Finding> {
    let mut session = Session::begin(admin(cluster));
    session.run(prelude);
    session.run(sql);
    let facts = Facts::read(&mut session).expect("the facts are read");
    let options = lint::Options {
        schemas: None,
        rules: Some(rules.to_vec()),
    };
    lint::lint(&facts, &options).expect("all rules are known")
}

#[test]
fn each_mistake_works_and_is_found_and_each_near_miss_is_silent() {
    let cluster = server(Config::default());
    let folder = dirs::checkout().join("tests/lint");
    let prelude = std::fs::read_to_string(folder.join("prelude.sql")).expect("it is there");
    let folders: Vec<_> = entries(&folder)
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    let name = |path: &Path| {
        path.file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned()
    };
    let names: Vec<String> = folders.iter().map(|path| name(path)).collect();
    let mut rules = names.clone();
    rules.retain(|rule| rule != RIGHT);
    assert_eq!(rules.len() + 1, names.len(), "{RIGHT} is there");
    let only = std::env::var("AUTHGUARD_LINT_FILE").unwrap_or_default();
    let mut wrong = Vec::new();
    for (folder, rule) in folders.iter().zip(&names) {
        for file in entries(folder) {
            let name = format!("{rule}/{}", name(&file));
            if !name.contains(&only) {
                continue;
            }
            let sql = std::fs::read_to_string(&file).expect("the file is read");
            let mut expected = expected(&sql);
            let mut findings = found(&cluster, &prelude, &sql, &rules);
            findings.retain(|finding| finding.level > Level::Info || finding.rule == rule);
            let mut found: Vec<_> = findings.iter().map(line).collect();
            found.sort();
            expected.sort();
            if found != expected {
                wrong.push(format!(
                    "{name}\n  expected {expected:#?}\n  found {findings:#?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
