//! `authguard lint`.

use super::Verdict;
use crate::arguments::{Format, Lint};
use crate::config::{Config, Setting};
use crate::connect::Address;
use crate::error::{Error, Result};
use crate::output::{self, Cell, Check, Report, Table};
use crate::session::{Access, Session};
use crate::terminal::{printable, say};
use anstyle::{AnsiColor, Style};
use authguard_policy::finding::{Finding, Level};
use authguard_policy::lint::{self, Options, rules};
use authguard_policy::report::{self, Files};
use serde_json::{Value, json};
use std::fmt::Write;

/// Runs the command.
pub fn run(arguments: &Lint) -> Result<Verdict> {
    let config = Config::read(&arguments.configuration)?;
    check_rules(&config)?;
    let files = files(&config)?;
    let address = Address::gather(arguments.connection.as_deref())?;
    let mut session = Session::open(&address, Access::ReadOnly, "lint")?;
    let names = |given: &[String], usual: &[String]| match (given, usual) {
        ([], []) => None,
        ([], usual) => Some(usual.to_vec()),
        (given, _) => Some(given.to_vec()),
    };
    let options = Options {
        schemas: names(&arguments.schemas, &config.schemas),
        rules: names(&arguments.rules, &[]),
    };
    let findings = lint::lint_server(&mut session, &options);
    let findings = session.finished(findings)?;
    let findings = judged(findings, &config, &mut session)?;
    drop(session);

    let sarif = || output::json(&report::sarif(&findings, &files));
    if let Some(file) = &arguments.sarif {
        output::write(&sarif(), Some(file))?;
    }
    let from = config.fail_on(arguments.fail_on);
    let fails = |finding: &Finding| !finding.accepted && finding.level >= from;
    let file = arguments.output.output.as_deref();
    match arguments.output.format {
        Format::Sarif => output::write(&sarif(), file)?,
        Format::Tap => output::write(&lines(report::tap(&findings, from)), file)?,
        _ => Report {
            table: table(&findings),
            json: findings.iter().map(object).collect(),
            checks: checks(&findings, fails),
        }
        .write("authguard lint", &arguments.output)?,
    }
    Ok(Verdict::of(!findings.iter().any(fails)))
}

fn lines(lines: Vec<String>) -> String {
    lines.iter().map(|line| printable(line) + "\n").collect()
}

/// Fails if the configuration names a rule that there is not: it would silence nothing.
fn check_rules(config: &Config) -> Result<()> {
    let known = |name: &String| rules::ALL.iter().any(|rule| rule.name == name);
    match config.rules.keys().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => {
            let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.name).collect();
            Err(Error::new(format!(
                "the configuration names a rule \"{name}\" that there is not"
            ))
            .hint(format!("The rules are {}.", names.join(", "))))
        }
    }
}

/// The files of the configuration, in which SARIF places the findings.
fn files(config: &Config) -> Result<Files> {
    let map = config.files.clone().into_iter().collect();
    Files::of(&Value::Object(map))
        .map_err(|error| Error::new(format!("the configuration: {error}")).hint(error.hint()))
}

/// Applies the levels and the accepted findings of the configuration.
fn judged(
    mut findings: Vec<Finding>,
    config: &Config,
    session: &mut Session,
) -> Result<Vec<Finding>> {
    for finding in &mut findings {
        let setting = config.rules.get(finding.rule);
        finding.level = setting
            .and_then(|setting| setting.level())
            .unwrap_or(finding.level);
    }
    findings.retain(|finding| config.rules.get(finding.rule) != Some(&Setting::Off));
    for accepted in &config.accept {
        let mut of = findings
            .iter_mut()
            .filter(|finding| finding.fingerprint == accepted.fingerprint);
        let is_over = match &accepted.until {
            None => false,
            Some(until) => {
                let sql = "select (pg_catalog.now() operator(pg_catalog.>=) $1::pg_catalog.timestamptz)::pg_catalog.text";
                session.value(sql, &[Some(&until.to_string())])?.as_deref() == Some("true")
            }
        };
        match of.next() {
            None => say(&format!(
                "authguard: no finding has the accepted fingerprint {}: it may go from the configuration",
                accepted.fingerprint
            )),
            Some(finding) if is_over => say(&format!(
                "authguard: {} on {} is accepted no longer ({})",
                finding.rule, finding.object, accepted.reason
            )),
            Some(finding) => {
                finding.accepted = true;
                finding.reason = Some(accepted.reason.clone());
            }
        }
    }
    Ok(findings)
}

/// The columns of the SQL function `authguard.lint`.
fn object(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "level": finding.level.as_str(),
        "object": finding.object,
        "policy": finding.policy,
        "problem": finding.problem,
        "hint": finding.hint,
        "evidence": finding.evidence,
        "page": finding.page,
        "fingerprint": finding.fingerprint,
        "accepted": finding.accepted,
    })
}

fn look(level: Level) -> Style {
    let color = match level {
        Level::Error => AnsiColor::Red,
        Level::Warning => AnsiColor::Yellow,
        Level::Info => AnsiColor::Cyan,
    };
    color.on_default()
}

/// The findings as a table, and below it what mends each. What is accepted comes last.
fn table(findings: &[Finding]) -> String {
    let (accepted, open): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.accepted);
    let mut text = rows(&open);
    let mut hints = String::new();
    for finding in &open {
        if !finding.hint.is_empty() {
            let Finding {
                rule,
                page,
                fingerprint,
                hint,
                ..
            } = finding;
            let _ = writeln!(hints, "\n-- {rule} on {}", name(finding));
            let _ = writeln!(hints, "-- {page}, fingerprint {fingerprint}");
            // All of it can be pasted: a sentence, which begins with a capital, is a comment there.
            let is_sql = hint.starts_with(|c: char| c.is_lowercase());
            let end = if is_sql && !hint.ends_with(';') {
                ";"
            } else {
                ""
            };
            for line in format!("{hint}{end}").lines() {
                let mark = if is_sql { "" } else { "-- " };
                let _ = writeln!(hints, "{mark}{}", printable(line));
            }
        }
    }
    text.push_str(&hints);
    if !accepted.is_empty() {
        let _ = writeln!(text, "\nAccepted:");
        text.push_str(&rows(&accepted));
    }
    let count = |level| open.iter().filter(|finding| finding.level == level).count();
    let _ = writeln!(
        text,
        "\nerrors: {}, warnings: {}, for information: {}, accepted: {}",
        count(Level::Error),
        count(Level::Warning),
        count(Level::Info),
        accepted.len()
    );
    text
}

fn rows(findings: &[&Finding]) -> String {
    let is_accepted = findings.iter().any(|finding| finding.accepted);
    let columns = ["level", "rule", "object", "policy", "problem", "reason"];
    let shown = if is_accepted {
        columns.len()
    } else {
        columns.len() - 1
    };
    let mut table = Table::new(columns.get(..shown).unwrap_or(&columns));
    for finding in findings {
        table.push(vec![
            Cell::from(finding.level.as_str()).styled(look(finding.level)),
            finding.rule.into(),
            finding.object.clone().into(),
            finding.policy.clone().into(),
            finding.problem.clone().into(),
            finding.reason.clone().into(),
        ]);
    }
    table.render()
}

/// What a finding is about.
fn name(finding: &Finding) -> String {
    let name = match &finding.policy {
        Some(policy) => format!("{}, policy {policy}", finding.object),
        None => finding.object.clone(),
    };
    printable(&name)
}

/// A test for each finding; one that passes if there is none.
fn checks(findings: &[Finding], fails: impl Fn(&Finding) -> bool) -> Vec<Check> {
    let check = |finding: &Finding| Check {
        name: format!("{} on {} ({})", finding.rule, name(finding), finding.level),
        failure: fails(finding).then(|| {
            let more = format!(
                "{}\n{}\nfingerprint {}",
                finding.hint, finding.page, finding.fingerprint
            );
            (finding.problem.clone(), more)
        }),
    };
    match findings.is_empty() {
        false => findings.iter().map(check).collect(),
        true => vec![Check {
            name: "no findings".to_owned(),
            failure: None,
        }],
    }
}
