//! `authguard coverage`.

use super::{Verdict, tests};
use crate::arguments::{Coverage, Format, split_connection};
use crate::config::Config;
use crate::connect::Address;
use crate::error::Result;
use crate::output::{self, Cell, Check, Report, Table};
use crate::session::{Access, Session};
use crate::terminal::printable;
use anstyle::{AnsiColor, Style};
use authguard_policy::{
    ClauseCount, Found, covered_percent, read_coverage, run_suite, start_coverage,
};
use serde_json::{Value, json};

/// Runs the command.
pub fn run(arguments: &Coverage) -> Result<Verdict> {
    output::check(&arguments.output, &Format::OF_CHECKS)?;
    let config = Config::read(&arguments.configuration)?;
    let schemas = match (&arguments.schemas[..], &config.schemas[..]) {
        ([], []) => None,
        ([], schemas) | (schemas, _) => Some(schemas),
    };
    let (connection, files) = split_connection(&arguments.words, usize::MAX);
    let suite = tests::read(files)?;
    let mut session = Session::open(&Address::gather(connection)?, Access::Trial, "coverage")?;
    let started = start_coverage(&mut session, schemas);
    session.finished(started)?;
    let found = run_suite(&mut session, &suite);
    let found = session.finished(found)?;
    let counts = read_coverage(&mut session);
    let counts = session.finished(counts)?;
    drop(session);

    let percent = covered_percent(&counts);
    let is_enough = arguments
        .fail_under
        .is_none_or(|wanted| percent >= f64::from(wanted));
    let has_passed = matches!(found, Found::Passed { .. });
    let report = Report {
        table: table(&counts, &found, percent),
        json: json!({
            "tests": found.to_string(),
            "passed": has_passed,
            "percent": percent,
            "clauses": counts.iter().map(object).collect::<Value>(),
        }),
        checks: checks(&counts, &found, arguments.fail_under, percent),
    };
    report.write("authguard coverage", &arguments.output)?;
    Ok(Verdict::of(has_passed && is_enough))
}

/// The columns of the SQL function `authguard.policy_coverage`, and whether the clause is covered.
fn object(count: &ClauseCount) -> Value {
    json!({
        "relation": count.table,
        "policy": count.policy,
        "clause": count.clause,
        "admitted": count.answers.map(|answers| answers.admitted),
        "refused": count.answers.map(|answers| answers.refused),
        "nulls": count.answers.map(|answers| answers.nulls),
        "errors": count.answers.map(|answers| answers.errors),
        "covered": count.is_covered(),
    })
}

fn table(counts: &[ClauseCount], found: &Found, percent: f64) -> String {
    let mut table = Table::new(&[
        "relation", "policy", "clause", "admitted", "refused", "nulls", "errors", "covered",
    ]);
    for count in counts {
        let number = |of: fn(&authguard_policy::Answers) -> u64| -> Cell {
            count
                .answers
                .as_ref()
                .map(of)
                .map(|of| of.to_string())
                .into()
        };
        let (word, look) = match count.is_covered() {
            true => ("yes", Style::new()),
            false => ("no", AnsiColor::Yellow.on_default()),
        };
        table.push(vec![
            count.table.clone().into(),
            count.policy.clone().into(),
            count.clause.clone().into(),
            number(|answers| answers.admitted),
            number(|answers| answers.refused),
            number(|answers| answers.nulls),
            number(|answers| answers.errors),
            Cell::from(word).styled(look),
        ]);
    }
    let covered = counts.iter().filter(|count| count.is_covered()).count();
    format!(
        "{}\n{covered} of {} clauses covered ({percent:.0} %); {}\n",
        table.render(),
        counts.len(),
        printable(&found.to_string())
    )
}

/// The tests are a check, and so is the share of the clauses that they have tried.
fn checks(counts: &[ClauseCount], found: &Found, wanted: Option<u8>, percent: f64) -> Vec<Check> {
    let missing = counts.iter().filter(|count| !count.is_covered());
    let missing: Vec<String> = missing
        .map(|count| format!("{}, policy {}: {}", count.table, count.policy, count.clause))
        .collect();
    let tests = Check {
        name: "the tests pass".to_owned(),
        failure: (!matches!(found, Found::Passed { .. }))
            .then(|| (found.to_string(), String::new())),
    };
    let share = wanted.map(|wanted| Check {
        name: format!("at least {wanted} % of the clauses are covered"),
        failure: (percent < f64::from(wanted))
            .then(|| (format!("{percent:.0} % are"), missing.join("\n"))),
    });
    std::iter::once(tests).chain(share).collect()
}
