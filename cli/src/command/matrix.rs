//! `authguard matrix`.

use super::{Verdict, subjects};
use crate::arguments::{Format, Matrix};
use crate::config::Config;
use crate::connect::Address;
use crate::error::Result;
use crate::output::{self, Cell, Report, Table};
use crate::session::{Access, Session};
use anstyle::{AnsiColor, Style};
use authguard_policy::{Allowed, access_matrix};
use serde_json::{Value, json};

/// Runs the command.
pub fn run(arguments: &Matrix) -> Result<Verdict> {
    output::check(&arguments.output, &Format::OF_ROWS)?;
    let config = Config::read(&arguments.configuration)?;
    let identities = subjects::identities(&arguments.subjects, &config)?;
    let identities = subjects::read(&identities)?;
    let address = Address::gather(arguments.connection.as_deref())?;
    let mut session = Session::open(&address, Access::Trial, "matrix")?;
    let relations = subjects::relations(&mut session, &arguments.subjects)?;
    let answers = access_matrix(&mut session, &identities, relations.as_deref());
    let answers = session.finished(answers)?;
    let report = Report {
        table: table(&answers),
        json: answers.iter().map(object).collect(),
        checks: Vec::new(),
    };
    report.write("authguard matrix", &arguments.output)?;
    Ok(Verdict::Good)
}

/// The columns of the SQL function `authguard.access_matrix`.
fn object(answer: &authguard_policy::Access) -> Value {
    json!({
        "relation": answer.name,
        "identity": answer.identity,
        "command": answer.command.word(),
        "allowed": answer.allowed.as_str(),
        "visible": answer.rows,
        "note": answer.note,
    })
}

fn table(answers: &[authguard_policy::Access]) -> String {
    let columns = [
        "relation", "identity", "command", "allowed", "visible", "note",
    ];
    let mut table = Table::new(&columns);
    for answer in answers {
        let look = match answer.allowed {
            Allowed::None => Style::new(),
            Allowed::Some => AnsiColor::Cyan.on_default(),
            Allowed::All => AnsiColor::Yellow.on_default(),
            Allowed::Error => AnsiColor::Red.on_default(),
        };
        table.push(vec![
            answer.name.clone().into(),
            answer.identity.clone().into(),
            answer.command.word().into(),
            Cell::from(answer.allowed.as_str()).styled(look),
            answer.rows.map(|rows| rows.to_string()).into(),
            answer.note.clone().into(),
        ]);
    }
    table.render()
}
