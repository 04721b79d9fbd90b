//! Evaluates expressions on a row, as the current role, without a trace.

use std::collections::BTreeMap;

use super::error::ends_the_call;
use super::facts::Relation;
use super::rows::TableRow;
use super::step::Outcome;
use crate::{Server, ServerError};

/// The number of expressions that one query evaluates.
const MOST_AT_ONCE: usize = 500;

/// The value of an expression, as text, or the error that it raises.
pub(super) type Value = Result<Option<String>, ServerError>;

/// What expressions read besides columns.
#[derive(Clone, Copy)]
pub(super) struct Reads {
    pub system_columns: bool,
    pub whole_row: bool,
}

/// Values of expressions on one row, each evaluated once.
pub(super) struct Values<'q> {
    relation: &'q Relation,
    row: Option<&'q TableRow>,
    reads: Reads,
    known: BTreeMap<String, Value>,
}

impl<'q> Values<'q> {
    pub fn of(relation: &'q Relation, row: Option<&'q TableRow>, reads: Reads) -> Self {
        Self {
            relation,
            row,
            reads,
            known: BTreeMap::new(),
        }
    }

    /// Evaluates expressions. All at once; if one fails, each by itself.
    pub fn evaluate(
        &mut self,
        server: &mut dyn Server,
        expressions: impl IntoIterator<Item = String>,
    ) -> Result<(), ServerError> {
        let mut new: Vec<String> = expressions
            .into_iter()
            .filter(|expression| !self.known.contains_key(expression))
            .collect();
        new.sort_unstable();
        new.dedup();
        for some in new.chunks(MOST_AT_ONCE) {
            match self.try_all(server, some)? {
                Ok(values) => {
                    let values = values.into_iter().map(Ok);
                    self.known.extend(some.iter().cloned().zip(values));
                }
                Err(problem) => match some {
                    [alone] => {
                        self.known.insert(alone.clone(), Err(problem));
                    }
                    several => {
                        for one in several {
                            let value = self.try_all(server, std::slice::from_ref(one))?;
                            let value = value.map(|values| values.into_iter().next().flatten());
                            self.known.insert(one.clone(), value);
                        }
                    }
                },
            }
        }
        Ok(())
    }

    /// Returns the value of an expression that has been evaluated.
    pub fn value(&self, expression: &str) -> Option<&Value> {
        self.known.get(expression)
    }

    /// Returns what a condition that has been evaluated says.
    pub fn outcome(&self, expression: &str) -> Outcome {
        match self.value(expression) {
            None => Outcome::Skipped,
            Some(Err(_)) => Outcome::Error,
            Some(Ok(None)) => Outcome::Null,
            Some(Ok(Some(text))) if text == "true" => Outcome::True,
            Some(Ok(Some(_))) => Outcome::False,
        }
    }

    fn try_all(
        &self,
        server: &mut dyn Server,
        expressions: &[String],
    ) -> Result<Result<Vec<Option<String>>, ServerError>, ServerError> {
        let casts: Vec<String> = expressions
            .iter()
            .map(|expression| format!("({expression})::pg_catalog.text"))
            .collect();
        let sql = format!("select {} from {}", casts.join(", "), self.source());
        let row = self.row;
        let parameters = [
            row.map(|row| &*row.text),
            row.map(|row| &*row.tableoid),
            row.and_then(|row| row.ctid.as_deref()),
        ];
        let count = if self.reads.system_columns { 3 } else { 1 };
        let parameters = parameters.get(..count).unwrap_or_default();
        server.begin()?;
        let result = server.query(&sql, parameters);
        server.roll_back()?;
        if let Err(problem) = &result
            && ends_the_call(problem)
        {
            return Err(problem.clone());
        }
        Ok(result.map(|rows| rows.into_iter().next().unwrap_or_default()))
    }

    /// The row as a table of one row that has the name of the table. A function's result of the
    /// table's row type serves expressions that take the whole row. It has no system columns: they
    /// stand beside it then, as Postgres writes them without the name of the table, but in
    /// sub-selects.
    fn source(&self) -> String {
        let Relation {
            qualified, alias, ..
        } = self.relation;
        let system = "$2::pg_catalog.oid as tableoid, $3::pg_catalog.tid as ctid";
        let row = format!("cast($1 as {qualified}) as {alias}");
        match self.reads {
            Reads {
                system_columns: false,
                ..
            } => row,
            Reads {
                whole_row: true, ..
            } => format!("{row}, (select {system}) as \"system columns\""),
            _ => format!(
                "(select {system}, (r.v).* from (select cast($1 as {qualified}) as v offset 0) as \
                 r) as {alias}"
            ),
        }
    }
}
