//! Rules of lint on schemas written for them: each folder of `tests/lint` is a rule, whose files
//! show that the mistake works for the wrong user, or are near misses. In no file does any of these
//! rules find anything but what the file names.

use authguard_policy::{facts::Facts, finding::Finding, lint};
use authguard_wire::policies::Session;
use authguard_wire::{admin, server};
use pgrx_embed::cluster::Config;
use pgrx_embed::dirs;
use std::path::{Path, PathBuf};

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

/// Puts the schema of a file in the place of `app`.
fn in_schema(sql: &str, schema: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c| is_part(c) != is_part(first))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(if word == "app" { schema } else { word });
        rest = after;
    }
    words.concat()
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
        let name = path.file_name().expect("it has a name");
        name.to_string_lossy().into_owned()
    };
    let rules: Vec<String> = folders.iter().map(|path| name(path)).collect();
    // All files are in one database, each in a schema of its own, so that facts are read once.
    let mut session = Session::begin(admin(&cluster));
    let mut files = Vec::new();
    for (folder, rule) in folders.iter().zip(&rules) {
        for file in entries(folder) {
            let schema = format!("app{}", files.len());
            let sql = std::fs::read_to_string(&file).expect("the file is read");
            session.run(&in_schema(&prelude, &schema));
            session.run(&in_schema(&sql, &schema));
            files.push((format!("{rule}/{}", name(&file)), sql, schema));
        }
    }
    let facts = Facts::read(&mut session).expect("the facts are read");
    let options = lint::Options {
        schemas: None,
        rules: Some(rules),
    };
    let findings = lint::lint(&facts, &options).expect("all rules are known");
    let mut wrong = Vec::new();
    for (name, sql, schema) in &files {
        let own = findings
            .iter()
            .filter(|f| f.schema.as_ref() == Some(schema));
        let mut found: Vec<_> = own.clone().map(line).collect();
        let mut expected = expected(&in_schema(sql, schema));
        found.sort();
        expected.sort();
        if found != expected {
            let problems: Vec<_> = own.map(|f| format!("{}: {}", line(f), f.problem)).collect();
            wrong.push(format!(
                "{name}\n  expected {expected:#?}\n  found {problems:#?}"
            ));
        }
    }
    assert!(!files.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
