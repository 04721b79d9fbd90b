//! SQL texts of node trees: what Postgres makes of the text is the same tree.
//!
//! Every name has its schema, operators are written with `OPERATOR`, and constants have their type.
//! Only IN, CASE, NULLIF and IS DISTINCT FROM have an operator that no schema can be written to: it
//! is that of `pg_catalog`, or there is no text. So a text means the same wherever `pg_catalog`
//! comes first in `search_path`. Whatever this does not know how to write is an error, never
//! another text.

mod call;
mod constant;
mod expr;
mod fields;
mod from;
mod names;
mod query;
mod scope;
mod sorting;
mod sub_link;
mod types;
mod xml;

use std::cell::Cell;
use std::fmt;

use crate::node::Value;
use scope::Scope;

pub use names::{Name, Names, TypeName};

/// What has no SQL text here: a node, or a name that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPrinted(String);

impl NotPrinted {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for NotPrinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no SQL text for {}", self.0)
    }
}

impl std::error::Error for NotPrinted {}

type Printed = Result<String, NotPrinted>;

/// Prints an expression that belongs to a table, such as that of a policy.
///
/// Postgres makes the same tree of the text, apart from places in it, the names that operators of
/// sub-selects were written with, and `NATURAL`. [`Names::ask`] finds the names.
///
/// # Errors
///
/// If a node, a constant or a name has no text here.
pub fn print(value: &Value<'_>, relation: u32, names: &Names) -> Printed {
    let scopes = [Scope::Table(relation)];
    let printer = Printer {
        names,
        printed: &Cell::new(0),
        behind: None,
    };
    printer.expr(value, &scopes)
}

/// Prints with the names of some objects.
#[derive(Clone, Copy)]
struct Printer<'p> {
    names: &'p Names,
    /// The number of expressions that are printed already: what rows are grouped by may be printed
    /// more than once.
    printed: &'p Cell<usize>,
    /// The query whose grouping is being seen through.
    behind: Option<*const ()>,
}

/// Quotes a name.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Writes a literal, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match text.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}
