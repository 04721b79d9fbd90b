//! `authguard explain` and `authguard can`.

use super::Verdict;
use crate::arguments::{Can, Explain, Format, Question, split_connection};
use crate::connect::Address;
use crate::error::{Error, Result};
use crate::output::{self, Cell, Check, Report, Table};
use crate::session::{Access, Session};
use crate::terminal::printable;
use anstyle::AnsiColor;
use authguard_policy::{Gate, Outcome, Request, Step};
use serde_json::{Value, json};

/// Runs `explain`.
pub fn explain(arguments: &Explain) -> Result<Verdict> {
    output::check(&arguments.output, &Format::OF_CHECKS)?;
    let (connection, words) = split_connection(&arguments.words, 1);
    let [relation] = words else {
        return Err(Error::new("name the table or view"));
    };
    let request = request(&arguments.command, relation, &arguments.question);
    let mut session = Session::open(&Address::gather(connection)?, Access::Trial, "explain")?;
    let steps = authguard_policy::explain(&mut session, &request);
    let steps = session.finished(steps)?;
    let verdict = steps.last().filter(|step| step.gate == Gate::Verdict);
    let is_allowed = verdict.is_some_and(|verdict| verdict.result == Outcome::Allowed);
    let sentence = verdict
        .and_then(|verdict| verdict.note.clone())
        .unwrap_or_default();
    let report = Report {
        table: table(&steps, &sentence),
        json: steps.iter().zip(1..).map(object).collect(),
        checks: vec![Check {
            name: format!("{} on {relation}", arguments.command),
            failure: (!is_allowed).then(|| (sentence, String::new())),
        }],
    };
    report.write("authguard explain", &arguments.output)?;
    Ok(Verdict::Good)
}

/// Runs `can`.
pub fn can(arguments: &Can) -> Result<Verdict> {
    output::check(&arguments.output, &Format::OF_CHECKS)?;
    let (connection, words) = split_connection(&arguments.words, 2);
    let [command, relation] = words else {
        return Err(Error::new("name the command, and the table or view"));
    };
    let request = request(command, relation, &arguments.question);
    let mut session = Session::open(&Address::gather(connection)?, Access::Trial, "can")?;
    let answer = authguard_policy::can(&mut session, &request);
    let answer = session.finished(answer)?;
    let report = Report {
        table: format!("{answer}\n"),
        json: answer.into(),
        checks: vec![Check {
            name: format!("{command} on {relation}"),
            failure: (!answer).then(|| ("denied".to_owned(), String::new())),
        }],
    };
    report.write("authguard can", &arguments.output)?;
    Ok(Verdict::of(answer))
}

fn request<'r>(command: &'r str, relation: &'r str, question: &'r Question) -> Request<'r> {
    Request {
        relation: Some(relation),
        command: Some(command),
        row: question.row.as_deref(),
        claims: question.claims.as_deref(),
        role: question.role.as_deref(),
        new_row: question.new_row.as_deref(),
    }
}

/// The columns of the SQL function `authguard.explain_access`.
fn object((step, number): (&Step, i32)) -> Value {
    json!({
        "step": number,
        "gate": step.gate.as_str(),
        "name": step.name,
        "clause": step.clause,
        "result": step.result.as_str(),
        "note": step.note,
    })
}

/// The gates as a table, and the verdict as a sentence below it.
fn table(steps: &[Step], sentence: &str) -> String {
    let mut table = Table::new(&["step", "gate", "name", "clause", "result", "note"]);
    for (step, number) in steps.iter().zip(1..) {
        let is_verdict = step.gate == Gate::Verdict;
        let look = match step.result {
            Outcome::True | Outcome::Allowed => AnsiColor::Green.on_default(),
            Outcome::False | Outcome::Null | Outcome::Denied => AnsiColor::Yellow.on_default(),
            Outcome::Error => AnsiColor::Red.on_default(),
            Outcome::Skipped => anstyle::Style::new(),
        };
        table.push(vec![
            number.to_string().into(),
            step.gate.as_str().into(),
            step.name.clone().into(),
            step.clause.clone().into(),
            Cell::from(step.result.as_str()).styled(look),
            step.note.clone().filter(|_| !is_verdict).into(),
        ]);
    }
    format!("{}\n{}\n", table.render(), printable(sentence))
}
