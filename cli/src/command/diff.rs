//! `authguard snapshot` and `authguard diff`.

use super::{Verdict, subjects, tests};
use crate::arguments::{Diff, Format, Snapshot, split_connection};
use crate::config::Config;
use crate::connect::Address;
use crate::error::{Error, Result};
use crate::output::{self, Check, Report, Table};
use crate::session::{Access, Session};
use authguard_policy::{Difference, Identity, access_diff, access_snapshot, run_migration};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Runs `snapshot`.
pub fn snapshot(arguments: &Snapshot) -> Result<Verdict> {
    let config = Config::read(&arguments.configuration)?;
    let subjects = &arguments.subjects;
    let identities = subjects::read(&subjects::identities(subjects, &config)?)?;
    let address = Address::gather(arguments.connection.as_deref())?;
    let mut session = Session::open(&address, Access::Trial, "snapshot")?;
    let relations = subjects::relations(&mut session, subjects)?;
    let snapshot = take(&mut session, &identities, relations.as_deref())?;
    output::write(&output::json(&snapshot), arguments.output.as_deref())?;
    Ok(Verdict::Good)
}

/// Runs `diff`.
pub fn diff(arguments: &Diff) -> Result<Verdict> {
    output::check(&arguments.output, &Format::OF_CHECKS)?;
    let (connection, files) = split_connection(&arguments.words, usize::MAX);
    let [before, after] = match (files, &arguments.migration, connection) {
        ([before, after], None, None) => [read(before)?, read(after)?],
        ([before], None, _) => [read(before)?, now(arguments, connection)?],
        ([], Some(migration), _) => around(arguments, connection, migration)?,
        _ => {
            return Err(Error::new("it is not clear what is to be compared").hint(
                "Name two snapshots, or a database and a snapshot, or a database and --migration.",
            ));
        }
    };
    let differences = access_diff(&before, &after)?;
    let report = Report {
        table: table(&differences),
        json: differences.iter().map(object).collect(),
        checks: checks(&differences),
    };
    report.write("authguard diff", &arguments.output)?;
    Ok(Verdict::of(differences.is_empty()))
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(file).map_err(|error| Error::new(format!("cannot read {file}: {error}")))
}

fn open(arguments: &Diff, connection: Option<&str>) -> Result<(Session, Vec<Identity>)> {
    let config = Config::read(&arguments.configuration)?;
    let identities = subjects::read(&subjects::identities(&arguments.subjects, &config)?)?;
    let session = Session::open(&Address::gather(connection)?, Access::Trial, "diff")?;
    Ok((session, identities))
}

fn take(
    session: &mut Session,
    identities: &[Identity],
    relations: Option<&[u32]>,
) -> Result<Value> {
    let snapshot = access_snapshot(session, identities, relations);
    session.finished(snapshot)
}

/// The snapshot of a database.
fn now(arguments: &Diff, connection: Option<&str>) -> Result<String> {
    let (mut session, identities) = open(arguments, connection)?;
    let relations = subjects::relations(&mut session, &arguments.subjects)?;
    Ok(take(&mut session, &identities, relations.as_deref())?.to_string())
}

/// The snapshots of a database before and after a migration, which is undone.
fn around(arguments: &Diff, connection: Option<&str>, migration: &Path) -> Result<[String; 2]> {
    let migration = tests::read_migration(migration)?;
    let (mut session, identities) = open(arguments, connection)?;
    let step = session.step();
    let at = |session: &mut Session, when: &str| -> Result<String> {
        step.set(format!(", {when}"));
        let relations = subjects::relations_there(session, &arguments.subjects)?;
        Ok(take(session, &identities, relations.as_deref())?.to_string())
    };
    let before = at(&mut session, "before")?;
    let failed = run_migration(&mut session, &migration);
    if let Some(failed) = session.finished(failed)? {
        return Err(Error::new(format!("the migration fails: {failed}")));
    }
    Ok([before, at(&mut session, "after")?])
}

/// The columns of the SQL function `authguard.access_diff`.
fn object(difference: &Difference) -> Value {
    json!({
        "relation": difference.relation,
        "identity": difference.identity,
        "command": difference.command,
        "before": difference.before,
        "after": difference.after,
    })
}

fn table(differences: &[Difference]) -> String {
    let mut table = Table::new(&["relation", "identity", "command", "before", "after"]);
    for difference in differences {
        table.push(vec![
            difference.relation.clone().into(),
            difference.identity.clone().into(),
            difference.command.clone().into(),
            difference.before.clone().into(),
            difference.after.clone().into(),
        ]);
    }
    table.render()
}

/// A difference is a test that fails. Without any, one passes.
fn checks(differences: &[Difference]) -> Vec<Check> {
    let check = |difference: &Difference| {
        let parts = [&difference.relation, &difference.identity];
        let parts = parts.into_iter().flatten().chain([&difference.command]);
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        let (before, after) = (shown(&difference.before), shown(&difference.after));
        Check {
            name: parts.map(String::as_str).collect::<Vec<_>>().join(" "),
            failure: Some((format!("{before} became {after}"), String::new())),
        }
    };
    match differences.is_empty() {
        false => differences.iter().map(check).collect(),
        true => vec![Check {
            name: "access is as before".to_owned(),
            failure: None,
        }],
    }
}
