//! The rows of a statement, each as the text of a value of the table's row type.

use std::fmt::Write;

use super::command::Command;
use super::error::{error, undone};
use super::facts::{Column, Relation, Texts};
use super::given::Given;
use crate::{Server, ServerError};

/// The number of rows that are looked at, if the given columns pick more.
pub(super) const MOST_ROWS: usize = 100;

/// A row that is there, or one that the statement would make.
#[derive(Clone)]
pub(super) struct TableRow {
    /// The text of its value.
    pub text: String,
    /// Its place, and the table that it is in: two system columns.
    pub ctid: Option<String>,
    pub tableoid: String,
}

/// The condition that picks rows, and the source of its values: `$1` is the JSON.
pub(super) struct Pick {
    condition: String,
    values: String,
}

impl Pick {
    /// Makes the condition of the columns that are given.
    pub fn of(
        server: &mut dyn Server,
        relation: &Relation,
        given: &Given<'_>,
        columns: &[&Column],
    ) -> Result<Self, ServerError> {
        let keys = relation.keys(server, given)?;
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for column in columns {
            let name = &column.quoted;
            let key = keys.iter().find(|key| key.name == column.name);
            let type_name = key.map_or(&*column.type_name, |key| &*key.type_name);
            values.push(format!("{name} {type_name}"));
            conditions.push(match key.and_then(|key| key.operator.as_deref()) {
                _ if given.is_null(column) => format!("picked.{name} is null"),
                Some(operator) => format!("picked.{name} {operator} given.{name}"),
                None => format!(
                    "picked.{name}::pg_catalog.text operator(pg_catalog.=) \
                     given.{name}::pg_catalog.text"
                ),
            });
        }
        Ok(Self {
            condition: conditions.join(" and "),
            values: values.join(", "),
        })
    }

    /// `FROM` and `WHERE`: the rows are those of `picked`.
    pub fn clauses(&self, relation: &Relation) -> String {
        format!(
            "from {} as picked, pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({}) \
             where {}",
            relation.qualified, self.values, self.condition
        )
    }

    /// The same for `DELETE`, and for `UPDATE` behind `SET`.
    pub fn using(&self, word: &str) -> String {
        format!(
            "{word} pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({}) where {}",
            self.values, self.condition
        )
    }
}

/// Returns the rows that are picked, as the current role sees them, or nothing if it may not read
/// them.
pub(super) fn picked(
    server: &mut dyn Server,
    relation: &Relation,
    pick: &Pick,
    given: &Given<'_>,
) -> Result<Option<Vec<TableRow>>, ServerError> {
    // The columns of the values are named like those of the table, so that a name such as "picked"
    // among them is no danger: each is qualified.
    let sql = format!(
        "select (picked.*)::{0}::pg_catalog.text, picked.ctid::pg_catalog.text, \
         picked.tableoid::pg_catalog.text {1} limit {MOST_ROWS}",
        relation.qualified,
        pick.clauses(relation)
    );
    match undone(server, |server| server.query(&sql, &[Some(given.json)])) {
        Ok(rows) => Ok(Some(rows.into_iter().map(TableRow::of).collect())),
        Err(problem) if problem.sqlstate == "42501" => Ok(None),
        Err(problem) => Err(misfit(server, relation, "row", given)?.unwrap_or(problem)),
    }
}

impl TableRow {
    fn of(row: crate::Row) -> Self {
        let mut texts = Texts::of(row);
        Self {
            text: texts.next(),
            ctid: texts.optional(),
            tableoid: texts.next(),
        }
    }
}

/// Returns the row that an insert proposes: what is given, and defaults. A number that a sequence
/// would give is not drawn: it is NULL.
pub(super) fn proposed(
    server: &mut dyn Server,
    relation: &Relation,
    given: &Given<'_>,
) -> Result<TableRow, ServerError> {
    let value = |column: &Column| match &column.default {
        _ if given.has(column) => format!("given.{}", column.quoted),
        Some(default) if !column.is_generated && !column.draws() => format!("({default})"),
        _ => "null".to_owned(),
    };
    made(server, relation, given, None, value)
}

/// Returns the row that an update makes of another.
pub(super) fn updated(
    server: &mut dyn Server,
    relation: &Relation,
    given: &Given<'_>,
    old: &TableRow,
) -> Result<TableRow, ServerError> {
    let value = |column: &Column| match given.has(column) && !column.is_generated {
        true => format!("given.{}", column.quoted),
        false => format!("old.{}", column.quoted),
    };
    made(server, relation, given, Some(old), value)
}

fn made(
    server: &mut dyn Server,
    relation: &Relation,
    given: &Given<'_>,
    old: Option<&TableRow>,
    value: impl Fn(&Column) -> String,
) -> Result<TableRow, ServerError> {
    let columns = given.columns(relation)?;
    let mut from = Vec::new();
    if !columns.is_empty() {
        let columns: Vec<String> = columns.iter().map(|it| it.definition()).collect();
        from.push(format!(
            "pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({})",
            columns.join(", ")
        ));
    }
    let mut parameters = vec![Some(given.json)];
    if let Some(old) = old {
        from.push(format!("cast($2 as {}) as old", relation.qualified));
        parameters.push(Some(&*old.text));
    }
    let values: Vec<String> = relation.columns.iter().map(value).collect();
    let mut sql = format!(
        "select cast(row({}) as {})::pg_catalog.text",
        values.join(", "),
        relation.qualified
    );
    if !from.is_empty() {
        let _ = write!(sql, " from {}", from.join(", "));
    }
    // A parameter that is not used has no type.
    let _ = write!(sql, " where $1::pg_catalog.text is not null");
    let text = match undone(server, |server| server.query(&sql, &parameters)) {
        Ok(rows) => one(rows),
        Err(problem) => {
            let name = if old.is_some() { "new_row" } else { "row" };
            return Err(misfit(server, relation, name, given)?.unwrap_or(problem));
        }
    };
    let row = TableRow {
        text,
        ctid: old.and_then(|old| old.ctid.clone()),
        tableoid: old.map_or_else(|| relation.oid.clone(), |old| old.tableoid.clone()),
    };
    if !relation.columns.iter().any(|column| column.is_generated) {
        return Ok(row);
    }
    let values: Vec<String> = relation
        .columns
        .iter()
        .map(|column| match &column.default {
            Some(expression) if column.is_generated => format!("({expression})"),
            _ => format!("{}.{}", relation.alias, column.quoted),
        })
        .collect();
    let sql = format!(
        "select cast(row({}) as {1})::pg_catalog.text from cast($1 as {1}) as {2}",
        values.join(", "),
        relation.qualified,
        relation.alias
    );
    let text = undone(server, |server| server.query(&sql, &[Some(&row.text)]))?;
    Ok(TableRow {
        text: one(text),
        ..row
    })
}

fn one(rows: Vec<crate::Row>) -> String {
    rows.into_iter()
        .flatten()
        .flatten()
        .next()
        .unwrap_or_default()
}

impl Column {
    /// The column in the list of a record: `"id" integer`.
    pub fn definition(&self) -> String {
        format!("{} {}", self.quoted, self.type_name)
    }
}

/// Finds the column whose value does not fit its type.
fn misfit(
    server: &mut dyn Server,
    relation: &Relation,
    name: &str,
    given: &Given<'_>,
) -> Result<Option<ServerError>, ServerError> {
    for column in given.columns(relation)? {
        let sql = format!(
            "select given.{}::pg_catalog.text \
             from pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({})",
            column.quoted,
            column.definition()
        );
        let tried = undone(server, |server| server.query(&sql, &[Some(given.json)]));
        if let Err(problem) = tried {
            return Ok(Some(ServerError {
                message: format!("{name}: column {}: {}", column.quoted, problem.message),
                hint: Some(format!("It is of type {}.", column.type_name)),
                ..problem
            }));
        }
    }
    Ok(None)
}

/// An error if the statement cannot give a value to a column.
pub(super) fn check_written(
    relation: &Relation,
    command: Command,
    given: &Given<'_>,
) -> Result<(), ServerError> {
    let is_insert = !command.picks();
    for column in given.columns(relation)? {
        let problem = match () {
            () if column.is_generated => "is generated from other columns",
            () if column.is_always_identity && is_insert => "is an identity column",
            () if column.is_always_identity => "can only be updated to DEFAULT",
            () => continue,
        };
        return Err(error(
            "428C9",
            format!("column {} of {} {problem}", column.quoted, relation.title),
            "Leave it out: Postgres fills it.",
        ));
    }
    Ok(())
}
