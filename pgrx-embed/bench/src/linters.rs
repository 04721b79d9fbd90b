//! What authguard's lint, pgrls and splinter find in the schemas of `tests/lint`: mistakes, each
//! with near misses beside it, and applications that have none.
//!
//! A linter finds a mistake if it has an error or a warning about the table, policy or function
//! that the file names, by a rule that is silent in the near misses of that mistake. A rule that
//! speaks in both says nothing. What it reports in near misses and in applications without a
//! mistake is invented. Findings about speed count for neither, nor does what authguard says of
//! itself: no table here has its guard, and the schemas keep what act_as has granted.

use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::error::{Context, Error, Result};
use pgrx_embed::postgres::Install;
use pgrx_embed::{clients, command, dirs};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An error or a warning of a linter.
struct Finding {
    rule: String,
    /// The text that names what it is about.
    about: String,
}

/// The linters, by their columns.
const LINTERS: [&str; 3] = ["authguard", "pgrls", "splinter"];

/// The folder whose files have no mistake.
const NO_MISTAKE: &str = "must-not-be-reported";

/// A schema, and what each linter says of it.
struct Schema {
    mistake: String,
    /// What the findings of a file are to name; empty for a near miss.
    objects: Vec<String>,
    findings: [Vec<Finding>; LINTERS.len()],
}

/// Runs all linters on all schemas. Returns a table in Markdown.
pub fn compare(install: &Install) -> Result<String> {
    let programs = (clients::pgrls()?, clients::splinter()?);
    let cluster = Cluster::create(install, Config::default())?;
    let folder = dirs::checkout().join("tests/lint");
    let prelude = read(&folder.join("prelude.sql"))?;
    let mut schemas = Vec::new();
    for mistake in entries(&folder)?.into_iter().filter(|path| path.is_dir()) {
        command::progress(format!("linting {}", mistake.display()));
        for file in entries(&mistake)? {
            let sql = read(&file)?;
            let database = format!("linted{}", schemas.len());
            cluster.create_database(&database)?;
            let mut admin = cluster.connect("postgres", &database)?;
            admin
                .batch_execute(&format!("begin; {prelude}\n{sql}\n; commit"))
                .context(|| format!("cannot run {}", file.display()))?;
            // splinter judges what PostgREST serves.
            admin.batch_execute(&format!(
                "alter database {database} set pgrst.db_schemas = 'public, app, storage'"
            ))?;
            schemas.push(Schema {
                mistake: name(&mistake),
                objects: objects(&sql),
                findings: [
                    authguard(&mut admin)?,
                    pgrls(
                        &programs.0,
                        &cluster.uri("postgres", &database),
                        &served(&mut admin)?,
                    )?,
                    splinter(&programs.1, &cluster.uri("postgres", &database))?,
                ],
            });
            drop(admin);
            cluster
                .connect("postgres", "postgres")?
                .batch_execute(&format!("drop database {database} with (force)"))?;
        }
    }
    Ok(table(&schemas))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).context(|| format!("cannot read {}", path.display()))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The names of tables and functions in the lines `-- finds: RULE LEVEL OBJECT POLICY`, of which
/// the level may be missing, without their schemas.
fn objects(sql: &str) -> Vec<String> {
    let lines = sql
        .lines()
        .filter_map(|line| line.strip_prefix("-- finds: "));
    let object = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let object = words.find(|word| !["error", "warning", "info"].contains(word))?;
        let (_, name) = object.rsplit_once("app.").unwrap_or(("", object));
        Some(name.split('(').next().unwrap_or(name).to_owned())
    };
    lines.filter_map(object).collect()
}

fn authguard(admin: &mut postgres::Client) -> Result<Vec<Finding>> {
    let rows = admin.query(
        "select rule, object || ' ' || coalesce(policy::text, '') from authguard.lint()
          where level in ('error', 'warning')
            and rule not in ('called_per_row', 'unguarded_table', 'privilege_without_door')",
        &[],
    )?;
    let finding = |row: &postgres::Row| Finding {
        rule: row.get(0),
        about: row.get(1),
    };
    Ok(rows.iter().map(finding).collect())
}

/// The schemas that PostgREST serves, and that there are.
fn served(admin: &mut postgres::Client) -> Result<String> {
    let names = admin.query_one(
        "select string_agg(nspname, ',') from pg_namespace
          where nspname in ('public', 'app', 'storage')",
        &[],
    )?;
    Ok(names.get(0))
}

/// Runs a linter. Some exit with a failure if they find anything.
fn said(linter: &mut Command) -> Result<String> {
    let output = linter
        .output()
        .context(|| format!("cannot run {linter:?}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr))
}

fn pgrls(packages: &Path, uri: &str, schemas: &str) -> Result<Vec<Finding>> {
    let mut python = Command::new("python3");
    python
        .env("PYTHONPATH", packages)
        .args(["-m", "pgrls", "lint", "--database-url", uri])
        .args(["--schemas", schemas, "--format", "json"]);
    let said = said(&mut python)?;
    let start = said
        .find('{')
        .ok_or_else(|| Error::new(format!("pgrls says: {said}")))?;
    let mut json = serde_json::Deserializer::from_str(&said[start..]).into_iter();
    let report: serde_json::Value = json
        .next()
        .transpose()
        .map_err(|error| Error::new(format!("pgrls says: {error}")))?
        .unwrap_or_default();
    let text = |finding: &serde_json::Value, key: &str| {
        finding[key].as_str().unwrap_or_default().to_owned()
    };
    let findings = report["violations"].as_array().cloned().unwrap_or_default();
    Ok(findings
        .iter()
        .filter(|it| ["error", "warning"].contains(&text(it, "severity").as_str()))
        .filter(|it| !text(it, "rule_id").starts_with("PERF"))
        .map(|it| Finding {
            rule: text(it, "rule_id"),
            about: text(it, "location"),
        })
        .collect())
}

/// Each finding begins with a line `splinter/CATEGORY/RULE ━━━`, and the mark of its level follows.
fn splinter(program: &Path, uri: &str) -> Result<Vec<Finding>> {
    let said = said(Command::new(program).args(["dblint", "--connection-string", uri]))?;
    if !said.contains("Command completed") && !said.contains("splinter/") {
        return Err(Error::new(format!("splinter says: {said}")));
    }
    let mut findings = Vec::new();
    for finding in said
        .split("\nsplinter/")
        .skip(usize::from(!said.starts_with("splinter/")))
    {
        let finding = finding.strip_prefix("splinter/").unwrap_or(finding);
        let (head, rest) = finding.split_once('\n').unwrap_or((finding, ""));
        let rule = head.split_whitespace().next().unwrap_or_default();
        let text = rest.trim_start();
        if rule.starts_with("security/") && !text.starts_with("i ") {
            let about = text.lines().next().unwrap_or_default();
            findings.push(Finding {
                rule: rule.to_owned(),
                about: about.to_owned(),
            });
        }
    }
    Ok(findings)
}

fn table(schemas: &[Schema]) -> String {
    let mut mistakes: BTreeMap<&str, Vec<&Schema>> = BTreeMap::new();
    for schema in schemas {
        mistakes.entry(&schema.mistake).or_default().push(schema);
    }
    let mut out = format!("| mistake | schemas | {} |\n", LINTERS.join(" | "));
    out.push_str("|---|---|---|---|---|\n");
    let mut of_all = (0, [0; LINTERS.len()]);
    for (mistake, schemas) in mistakes
        .iter()
        .filter(|(mistake, _)| **mistake != NO_MISTAKE)
    {
        let wrong: Vec<_> = schemas.iter().filter(|it| !it.objects.is_empty()).collect();
        let found: [usize; LINTERS.len()] = std::array::from_fn(|linter| {
            let noise: BTreeSet<&str> = schemas
                .iter()
                .filter(|schema| schema.objects.is_empty())
                .flat_map(|schema| &schema.findings[linter])
                .map(|finding| finding.rule.as_str())
                .collect();
            let tells = |schema: &&&&Schema| {
                schema.findings[linter].iter().any(|finding| {
                    !noise.contains(finding.rule.as_str())
                        && schema.objects.iter().any(|it| finding.about.contains(it))
                })
            };
            wrong.iter().filter(tells).count()
        });
        of_all.0 += wrong.len();
        for (sum, found) in of_all.1.iter_mut().zip(found) {
            *sum += found;
        }
        let _ = writeln!(
            out,
            "| `{mistake}` | {} | {} |",
            wrong.len(),
            found.map(|it| it.to_string()).join(" | ")
        );
    }
    let (count, found) = of_all;
    let _ = writeln!(
        out,
        "| **found, of all mistakes** | {count} | {} |",
        found.map(|it| format!("**{it}**")).join(" | ")
    );
    let right: Vec<_> = schemas.iter().filter(|it| it.objects.is_empty()).collect();
    let invented: [usize; LINTERS.len()] = std::array::from_fn(|linter| {
        right
            .iter()
            .map(|schema| schema.findings[linter].len())
            .sum()
    });
    let _ = writeln!(
        out,
        "| **invented, in schemas without the mistake** | {} | {} |",
        right.len(),
        invented.map(|it| format!("**{it}**")).join(" | ")
    );
    out
}
