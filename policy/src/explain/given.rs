//! The rows that a request gives: JSON objects whose members are columns.

use super::error::error;
use super::facts::{Column, Relation};
use crate::ServerError;
use serde_json::{Map, Value};

/// A row that is given.
pub(super) struct Given<'r> {
    /// The JSON, as the server gets it.
    pub json: &'r str,
    values: Map<String, Value>,
}

impl<'r> Given<'r> {
    /// Reads the argument of this name.
    pub fn parse(name: &str, json: Option<&'r str>) -> Result<Option<Self>, ServerError> {
        let Some(json) = json else {
            return Ok(None);
        };
        match serde_json::from_str(json) {
            Ok(Value::Object(values)) => Ok(Some(Self { json, values })),
            Ok(Value::Null) => Ok(None),
            _ => Err(error(
                "22023",
                format!("{name} is no JSON object"),
                "Its members are columns: {\"id\": 5}. It nests at most 127 levels deep.",
            )),
        }
    }

    /// The columns that are given, in the order of the table. A member that is no column is an
    /// error.
    pub fn columns<'c>(&self, relation: &'c Relation) -> Result<Vec<&'c Column>, ServerError> {
        let unknown = self
            .values
            .keys()
            .find(|name| !relation.columns.iter().any(|column| column.name == **name));
        if let Some(unknown) = unknown {
            let names: Vec<&str> = relation.columns.iter().map(|it| &*it.name).collect();
            let some = names
                .iter()
                .take(20)
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
            let more = if names.len() > 20 { ", …" } else { "" };
            return Err(error(
                "42703",
                format!("{} has no column \"{unknown}\"", relation.title),
                &format!("Its columns are: {some}{more}."),
            ));
        }
        let is_given = |column: &&Column| self.values.contains_key(&column.name);
        Ok(relation.columns.iter().filter(is_given).collect())
    }

    /// Returns true if the column is given as null.
    pub fn is_null(&self, column: &Column) -> bool {
        self.values.get(&column.name) == Some(&Value::Null)
    }

    /// Returns true if the column is given as an object or an array.
    pub fn is_nested(&self, column: &Column) -> bool {
        let value = self.values.get(&column.name);
        matches!(value, Some(Value::Object(_) | Value::Array(_)))
    }

    pub fn has(&self, column: &Column) -> bool {
        self.values.contains_key(&column.name)
    }
}
