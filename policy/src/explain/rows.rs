//! The rows of a statement, each as the text of a value of the table's row type.

use super::command::Command;
use super::error::{ends_the_call, error, undone};
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
    /// The table, without its children if a conflict is with its own rows only.
    from: String,
    condition: String,
    values: Vec<Definition>,
}

/// A column in the list of a record: its name and type, as SQL writes them.
type Definition = (String, String);

impl Pick {
    /// Makes the condition of the columns that are given.
    pub fn of(
        server: &mut dyn Server,
        relation: &Relation,
        command: Command,
        given: &Given<'_>,
        columns: &[&Column],
    ) -> Result<Self, ServerError> {
        let keys = relation.keys(server, given.json)?;
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for column in columns {
            let name = &column.quoted;
            let key = keys.iter().find(|key| key.name == column.name);
            let type_name = key.map_or("pg_catalog.text", |key| &*key.type_name);
            if key.is_none() && given.is_nested(column) {
                return Err(error(
                    "22023",
                    format!("row: column {name} is not picked by an object or array"),
                    &format!(
                        "Values of type {} are compared by their text: give the primary key, or \
                         that text.",
                        column.type_name
                    ),
                ));
            }
            values.push((name.clone(), type_name.to_owned()));
            conditions.push(match key.and_then(|key| key.operator.as_deref()) {
                _ if given.is_null(column) => format!("picked.{name} is null"),
                Some(operator) => format!("picked.{name} {operator} given.{name}"),
                None => format!(
                    "pg_catalog.num_nonnulls(picked.{name}) operator(pg_catalog.=) 1 \
                     and pg_catalog.concat(picked.{name}) operator(pg_catalog.=) \
                     pg_catalog.concat(given.{name})"
                ),
            });
        }
        // An index has the rows of one table, or of all partitions.
        let only = match command.picks() || relation.relkind == "p" {
            true => "",
            false => "only ",
        };
        Ok(Self {
            from: format!("{only}{}", relation.qualified),
            condition: conditions.join(" and "),
            values,
        })
    }

    /// `FROM` and `WHERE`: the rows are those of `picked`.
    pub fn clauses(&self) -> String {
        format!(
            "from {} as picked, pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({}) \
             where {}",
            self.from,
            record(&self.values),
            self.condition
        )
    }

    /// The same for `DELETE`, and for `UPDATE` behind `SET`.
    pub fn using(&self, word: &str) -> String {
        format!(
            "{word} pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({}) where {}",
            record(&self.values),
            self.condition
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
    // Each name is qualified: a column may be called "picked". A cast to text could be a function
    // of the table's owner (CREATE CAST), which would run with the rights of the caller: concat
    // calls the output functions of types.
    let sql = format!(
        "select pg_catalog.concat((picked.*)::{0}), picked.ctid::pg_catalog.text, \
         picked.tableoid::pg_catalog.text {1} limit {MOST_ROWS}",
        relation.qualified,
        pick.clauses()
    );
    match undone(server, |server| server.query(&sql, &[Some(given.json)])) {
        Ok(rows) => Ok(Some(rows.into_iter().map(TableRow::of).collect())),
        Err(problem) if problem.sqlstate == "42501" => Ok(None),
        Err(problem) => Err(misfit(server, "row", given, &pick.values)?.unwrap_or(problem)),
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

/// A row, or the error of a default or of a generated column, which is an answer.
pub(super) type Made = Result<TableRow, ServerError>;

/// Returns the row that an insert proposes: what is given, and defaults. A number that a sequence
/// would give is not drawn: it is NULL.
pub(super) fn proposed(
    server: &mut dyn Server,
    relation: &Relation,
    given: &Given<'_>,
) -> Result<Made, ServerError> {
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
) -> Result<Made, ServerError> {
    let value = |column: &Column| match given.has(column) {
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
) -> Result<Made, ServerError> {
    let columns = given.columns(relation)?;
    let definitions: Vec<Definition> = columns.iter().map(|it| it.definition()).collect();
    let mut from = Vec::new();
    if !definitions.is_empty() {
        from.push(format!(
            "pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({})",
            record(&definitions)
        ));
    }
    let mut parameters = vec![Some(given.json)];
    if let Some(old) = old {
        from.push(format!("cast($2 as {}) as old", relation.qualified));
        parameters.push(Some(&*old.text));
    }
    let values: Vec<String> = relation.columns.iter().map(value).collect();
    let from = match from.is_empty() {
        true => String::new(),
        false => format!("from {}", from.join(", ")),
    };
    // A parameter that is not used has no type.
    let sql = format!(
        "select pg_catalog.concat(cast(row({}) as {})) {from} where $1::pg_catalog.text is not null",
        values.join(", "),
        relation.qualified
    );
    let text = match answer(undone(server, |server| server.query(&sql, &parameters)))? {
        Ok(text) => text,
        Err(problem) => {
            let name = if old.is_some() { "new_row" } else { "row" };
            return match misfit(server, name, given, &definitions)? {
                Some(misfit) => Err(misfit),
                None => Ok(Err(problem)),
            };
        }
    };
    let row = TableRow {
        text,
        ctid: old.and_then(|old| old.ctid.clone()),
        tableoid: old.map_or_else(|| relation.oid.clone(), |old| old.tableoid.clone()),
    };
    if !relation.columns.iter().any(|column| column.is_generated) {
        return Ok(Ok(row));
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
        "select pg_catalog.concat(cast(row({}) as {1})) from cast($1 as {1}) as {2}",
        values.join(", "),
        relation.qualified,
        relation.alias
    );
    let text = undone(server, |server| server.query(&sql, &[Some(&row.text)]));
    Ok(answer(text)?.map(|text| TableRow { text, ..row }))
}

/// The one text that a query returns, or its error, if that is an answer.
fn answer(
    tried: Result<Vec<crate::Row>, ServerError>,
) -> Result<Result<String, ServerError>, ServerError> {
    match tried {
        Ok(rows) => {
            let text = rows.into_iter().flatten().flatten().next();
            Ok(Ok(text.unwrap_or_default()))
        }
        Err(problem) if ends_the_call(&problem) => Err(problem),
        Err(problem) => Ok(Err(problem)),
    }
}

impl Column {
    /// The column in the list of a record.
    pub fn definition(&self) -> Definition {
        (self.quoted.clone(), self.type_name.clone())
    }
}

/// The list of a record: `"id" integer, …`.
pub(super) fn record(definitions: &[Definition]) -> String {
    let columns = definitions.iter();
    let columns = columns.map(|(name, type_name)| format!("{name} {type_name}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// Finds the column whose value does not fit its type.
fn misfit(
    server: &mut dyn Server,
    name: &str,
    given: &Given<'_>,
    definitions: &[Definition],
) -> Result<Option<ServerError>, ServerError> {
    for (column, type_name) in definitions {
        let sql = format!(
            "select pg_catalog.concat(given.{column}) \
             from pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({column} {type_name})"
        );
        let tried = undone(server, |server| server.query(&sql, &[Some(given.json)]));
        if let Err(problem) = tried {
            return Ok(Some(ServerError {
                message: format!("{name}: column {column}: {}", problem.message),
                hint: Some(format!("It is of type {type_name}.")),
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
