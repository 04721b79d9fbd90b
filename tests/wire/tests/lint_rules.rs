//! Rules of lint on schemas written for them: each folder of `tests/lint` is a rule, whose files
//! show that the mistake works for the wrong user, or are near misses. In no file does any of these
//! rules find an error or a warning but those that the file names. A note of another rule is not
//! named: it says that there is something to know, not that something is wrong.

use authguard_policy::finding::{Finding, Level};
use authguard_policy::{Server, facts::Facts, lint, policy_mutants};
use authguard_wire::policies::Session;
use authguard_wire::{admin, server};
use pgrx_embed::cluster::Config;
use pgrx_embed::dirs;
use serde_json::{Value, json};
use std::collections::BTreeSet;
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

/// A file of a folder, and the schema that it is in.
struct File {
    rule: String,
    name: String,
    sql: String,
    schema: String,
}

impl File {
    /// Reads all of them.
    fn all(folder: &Path) -> Vec<Self> {
        let mut files = Vec::new();
        let name = |path: &Path| {
            let name = path.file_name().expect("it has a name");
            name.to_string_lossy().into_owned()
        };
        for folder in entries(folder).into_iter().filter(|path| path.is_dir()) {
            for file in entries(&folder) {
                files.push(Self {
                    rule: name(&folder),
                    name: name(&file),
                    sql: std::fs::read_to_string(&file).expect("the file is read"),
                    schema: format!("app{}", files.len()),
                });
            }
        }
        files
    }

    /// Returns true if it makes a schema whose name a rule asks for, which there is but once.
    fn is_alone(&self) -> bool {
        self.sql.contains("create schema storage;")
    }

    fn run(&self, session: &mut Session, prelude: &str) {
        session.run(&in_schema(prelude, &self.schema));
        session.run(&in_schema(&self.sql, &self.schema));
    }

    /// Compares what it names with what is found in its schema, and says what is wrong.
    fn compare(&self, findings: &[Finding]) -> Option<String> {
        let own = findings.iter().filter(|finding| {
            let schema = finding.schema.as_deref();
            let is_own = schema == Some(&self.schema) || schema == Some("storage");
            is_own && (finding.level > Level::Info || finding.rule == self.rule)
        });
        let mut found: Vec<_> = own.clone().map(line).collect();
        let mut expected = expected(&in_schema(&self.sql, &self.schema));
        found.sort();
        expected.sort();
        let problems: Vec<_> = own.map(|f| format!("{}: {}", line(f), f.problem)).collect();
        (found != expected).then(|| {
            let Self { rule, name, .. } = self;
            format!("{rule}/{name}\n  expected {expected:#?}\n  found {problems:#?}")
        })
    }
}

#[test]
fn each_mistake_works_and_is_found_and_each_near_miss_is_silent() {
    let cluster = server(Config::default());
    let folder = dirs::checkout().join("tests/lint");
    let prelude = std::fs::read_to_string(folder.join("prelude.sql")).expect("it is there");
    let files = File::all(&folder);
    let rules: BTreeSet<String> = files.iter().map(|file| file.rule.clone()).collect();
    assert!(rules.contains(RIGHT));
    let options = lint::Options {
        schemas: None,
        rules: Some(rules.into_iter().filter(|rule| rule != RIGHT).collect()),
    };
    let findings = |session: &mut Session| {
        let facts = Facts::read(session).expect("the facts are read");
        lint::lint(&facts, &options).expect("all rules are known")
    };
    let mut session = Session::begin(admin(&cluster));
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is_alone()) {
        session.begin().expect("it begins");
        file.run(&mut session, &prelude);
        wrong.extend(file.compare(&findings(&mut session)));
        session.roll_back().expect("it is undone");
    }
    // All others are in one database, each in a schema of its own, so that facts are read once.
    let others: Vec<&File> = files.iter().filter(|file| !file.is_alone()).collect();
    for file in &others {
        file.run(&mut session, &prelude);
    }
    let findings = findings(&mut session);
    wrong.extend(others.iter().filter_map(|file| file.compare(&findings)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    the_extension_says_the_same(&mut session, &options, &findings, &others);
}

/// Compares what was asked over the connection with what the server says inside of it.
fn the_extension_says_the_same(
    session: &mut Session,
    options: &lint::Options,
    findings: &[Finding],
    files: &[&File],
) {
    fn rows(session: &mut Session, sql: &str, parameter: &str) -> Vec<Value> {
        let sql = format!("select to_json(found)::text from {sql} found");
        let rows = session.query(&sql, &[Some(parameter)]).expect("it answers");
        let values = rows.iter().map(|row| row[0].as_deref().expect("a row"));
        values
            .map(|row| serde_json::from_str(row).expect("it is JSON"))
            .collect()
    }
    let rules = options.rules.as_deref().expect("rules are named").join(",");
    let inside = rows(
        session,
        "authguard.lint(null, string_to_array($1::text, ','))",
        &rules,
    );
    let outside: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule, "level": finding.level.as_str(), "object": finding.object,
                "policy": finding.policy, "problem": finding.problem, "hint": finding.hint,
                "evidence": finding.evidence, "page": finding.page,
                "fingerprint": finding.fingerprint, "accepted": finding.accepted,
            })
        })
        .collect();
    assert!(outside.len() > files.len() / 2, "{}", outside.len());
    assert_eq!(inside.len(), outside.len());
    for (inside, outside) in inside.iter().zip(&outside) {
        assert_eq!(inside, outside);
    }
    // A schema without row-level security has none.
    assert_eq!(policy_mutants(session, "pg_toast").expect("it answers"), []);
    // Every eighth schema, which is enough to have each kind of expression.
    for file in files.iter().step_by(8) {
        let inside = rows(
            session,
            "authguard.policy_mutants($1::text::name)",
            &file.schema,
        );
        let outside = policy_mutants(session, &file.schema).expect("it answers");
        let outside: Vec<Value> = (1..)
            .zip(&outside)
            .map(|(number, mutant): (i32, _)| {
                json!({
                    "mutant": number, "relation": mutant.table, "policy": mutant.policy,
                    "mutation": mutant.mutation, "apply": mutant.apply.join("; "),
                    "undo": mutant.undo.join("; "),
                })
            })
            .collect();
        assert_eq!(inside, outside, "{}/{}", file.rule, file.name);
    }
}

#[test]
fn with_guards_on_all_tables_the_sound_applications_are_silent_to_all_rules() {
    let cluster = server(Config::default());
    let folder = dirs::checkout().join("tests/lint");
    let prelude = std::fs::read_to_string(folder.join("prelude.sql")).expect("it is there");
    let mut files = File::all(&folder);
    files.retain(|file| file.rule == RIGHT && !file.is_alone());
    let mut session = Session::begin(admin(&cluster));
    for file in &files {
        file.run(&mut session, &prelude);
    }
    session.run(
        "select authguard.guard_table(c.oid::regclass)
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname ~ '^app[0-9]' and c.relkind in ('r', 'p') and c.relrowsecurity
            and not c.relispartition",
    );
    let facts = Facts::read(&mut session).expect("the facts are read");
    let findings = lint::lint(&facts, &lint::Options::default()).expect("no option");
    let is_own = |finding: &&Finding| {
        let schema = finding.schema.as_deref();
        finding.level > Level::Info && files.iter().any(|file| schema == Some(&file.schema))
    };
    // These write for whoever calls them, also with a revoked token.
    let asks_nobody = |finding: &&Finding| {
        let names = [".accept_invitation(uuid)", ".create_organization(text)"];
        finding.rule == "definer_function" && names.iter().any(|n| finding.object.ends_with(n))
    };
    let (known, wrong): (Vec<_>, Vec<_>) = findings.iter().filter(is_own).partition(asks_nobody);
    let wrong: Vec<_> = wrong.into_iter().map(line).collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(known.len(), 2);
}

/// Returns true if a hint is SQL, and not a sentence.
fn is_sql(hint: &str) -> bool {
    ["alter ", "create policy ", "drop ", "revoke "]
        .iter()
        .any(|word| hint.starts_with(word))
}

#[test]
fn a_hint_is_a_sentence_or_the_sql_that_mends_the_mistake() {
    let cluster = server(Config::default());
    let folder = dirs::checkout().join("tests/lint");
    let prelude = std::fs::read_to_string(folder.join("prelude.sql")).expect("it is there");
    let mut files = File::all(&folder);
    files.retain(|file| file.rule != RIGHT && !file.is_alone());
    let rules: BTreeSet<String> = files.iter().map(|file| file.rule.clone()).collect();
    let options = lint::Options {
        schemas: None,
        rules: Some(rules.into_iter().collect()),
    };
    let mut session = Session::begin(admin(&cluster));
    for file in &files {
        file.run(&mut session, &prelude);
    }
    let findings = |session: &mut Session| {
        let facts = Facts::read(session).expect("the facts are read");
        lint::lint(&facts, &options).expect("all rules are known")
    };
    let mut mended = Vec::new();
    let before = findings(&mut session);
    let known: BTreeSet<String> = before.iter().map(line).collect();
    for finding in before {
        let schema = finding.schema.as_deref();
        let is_own = files
            .iter()
            .any(|file| schema == Some(&file.schema) && file.rule == finding.rule);
        if is_own && is_sql(&finding.hint) {
            session.run(&finding.hint);
            mended.push(line(&finding));
        } else {
            let is_sentence = finding.hint.ends_with('.') || is_sql(&finding.hint);
            assert!(is_sentence, "{}: {}", line(&finding), finding.hint);
        }
        // Whatever it says, it opens nothing.
        assert!(!finding.hint.contains("using (true)"), "{}", finding.hint);
    }
    assert!(!mended.is_empty());
    let left = findings(&mut session);
    // What mends a mistake is none itself.
    let made = left.iter().filter(|finding| finding.level > Level::Info);
    let mut made: Vec<_> = made.map(line).collect();
    made.retain(|finding| !known.contains(finding));
    assert_eq!(made, Vec::<String>::new());
    let left: Vec<_> = left.iter().map(line).collect();
    mended.retain(|finding| left.contains(finding));
    assert_eq!(mended, Vec::<String>::new());
}
