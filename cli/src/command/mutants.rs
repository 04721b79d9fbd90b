//! `authguard mutants`.

use super::{Verdict, tests};
use crate::arguments::{Format, Mutants, split_connection};
use crate::config::Config;
use crate::connect::Address;
use crate::error::Result;
use crate::output::{self, Cell, Check, Report, Table};
use crate::session::{Access, Session};
use anstyle::AnsiColor;
use authguard_policy::{Fate, Mutant, policy_mutants, run_mutants};
use serde_json::{Value, json};

/// Runs the command.
pub fn run(arguments: &Mutants) -> Result<Verdict> {
    output::check(&arguments.output, &Format::OF_CHECKS)?;
    let config = Config::read(&arguments.configuration)?;
    let schemas = match (&arguments.schemas[..], &config.schemas[..]) {
        ([], []) => vec!["public".to_owned()],
        ([], schemas) | (schemas, _) => schemas.to_vec(),
    };
    let (connection, files) = split_connection(&arguments.words, usize::MAX);
    let suite = tests::read(files)?;
    let mut session = Session::open(&Address::gather(connection)?, Access::Trial, "mutants")?;
    let mut mutants = Vec::new();
    for schema in &schemas {
        let of_schema = policy_mutants(&mut session, schema);
        mutants.extend(session.finished(of_schema)?);
    }
    let step = session.step();
    let (count, mut done) = (mutants.len(), 0);
    let mut each = |_: &Mutant, _: &Fate| {
        done += 1;
        step.set(format!(", {done} of {count}"));
    };
    let fates = run_mutants(&mut session, &suite, &mutants, &mut each);
    let fates = session.finished(fates)?;

    let all: Vec<(&Mutant, &Fate)> = mutants.iter().zip(&fates).collect();
    let report = Report {
        table: table(&all),
        json: all.iter().zip(1..).map(object).collect(),
        checks: all.iter().map(check).collect(),
    };
    report.write("authguard mutants", &arguments.output)?;
    Ok(Verdict::of(!fates.contains(&Fate::Survived)))
}

/// The columns of the SQL function `authguard.policy_mutants`, and what became of the mutant.
fn object(((mutant, fate), number): (&(&Mutant, &Fate), i32)) -> Value {
    json!({
        "mutant": number,
        "relation": mutant.table,
        "policy": mutant.policy,
        "mutation": mutant.mutation,
        "apply": mutant.apply.join("; "),
        "undo": mutant.undo.join("; "),
        "fate": word(fate),
        "note": note(fate),
    })
}

fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Killed(_) => "killed",
        Fate::Survived => "survived",
        Fate::NotMade(_) => "not made",
    }
}

/// Which test noticed it, or why it could not be made.
fn note(fate: &Fate) -> Option<String> {
    match fate {
        Fate::Killed(found) => Some(found.to_string()),
        Fate::Survived => None,
        Fate::NotMade(error) => Some(format!("{error} ({})", error.sqlstate)),
    }
}

/// The mutants of which the tests say nothing, and how many there are of each kind.
fn table(all: &[(&Mutant, &Fate)]) -> String {
    let mut table = Table::new(&["mutant", "fate", "relation", "policy", "mutation", "note"]);
    for ((mutant, fate), number) in all.iter().zip(1..) {
        let look = match fate {
            Fate::Killed(_) => continue,
            Fate::Survived => AnsiColor::Red.on_default(),
            Fate::NotMade(_) => AnsiColor::Yellow.on_default(),
        };
        table.push(vec![
            i32::to_string(&number).into(),
            Cell::from(word(fate)).styled(look),
            mutant.table.clone().into(),
            mutant.policy.clone().into(),
            mutant.mutation.clone().into(),
            note(fate).into(),
        ]);
    }
    let count = |of: &str| all.iter().filter(|(_, fate)| word(fate) == of).count();
    format!(
        "{}\n{} mutants: {} killed, {} survived, {} not made\n",
        table.render(),
        all.len(),
        count("killed"),
        count("survived"),
        count("not made")
    )
}

/// A mutant that survives is a test that fails.
fn check((mutant, fate): &(&Mutant, &Fate)) -> Check {
    let policy = mutant.policy.as_ref().map(|name| format!(" policy {name}"));
    let failure = || ("no test notices it".to_owned(), mutant.apply.join(";\n"));
    Check {
        name: format!(
            "{}{}: {}",
            mutant.table,
            policy.unwrap_or_default(),
            mutant.mutation
        ),
        failure: (**fate == Fate::Survived).then(failure),
    }
}
