//! The bodies of functions that are kept as text: as much of SQL and PL/pgSQL as helpers of policies
//! are written in. What is not understood is nothing, and no rule judges it.

mod body;
mod lexer;
mod parser;

pub(in crate::lint) use body::{Statement, as_expression, statements};
pub(in crate::lint) use lexer::words;
pub(in crate::lint) use parser::select_of;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lint) enum Sql {
    /// A name, dots taken apart.
    Name(Vec<String>),
    /// `$1`
    Parameter(usize),
    /// A text, number or truth value.
    Constant(String),
    Null,
    Call(Vec<String>, Vec<Sql>),
    /// An operator on two values.
    Operator(String, Box<Sql>, Box<Sql>),
    /// `a IS DISTINCT FROM b`
    Distinct(Box<Sql>, Box<Sql>),
    And(Vec<Sql>),
    Or(Vec<Sql>),
    Not(Box<Sql>),
    IsNull(Box<Sql>),
    /// `a IS TRUE`
    IsTrue(Box<Sql>),
    /// `a = ANY (b)`, `a IN (b, c)`
    Any(String, Box<Sql>, Box<Sql>),
    /// `a <> ALL (b)`
    All(String, Box<Sql>, Box<Sql>),
    /// `(a, b)`, `ARRAY[a, b]`
    List(Vec<Sql>),
    Exists(Box<Select>),
    /// `(SELECT …)`, `ARRAY(SELECT …)`
    Query(Box<Select>),
    Cast(Box<Sql>, String),
    /// Each condition with its value, and the other one.
    Case(Vec<(Sql, Sql)>, Option<Box<Sql>>),
    /// Made of these: `a[1]`, `(a).b`, `-a`.
    Of(Vec<Sql>),
}

/// A query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::lint) struct Select {
    pub(in crate::lint) ctes: Vec<(String, Select)>,
    pub(in crate::lint) targets: Vec<(Sql, Option<String>)>,
    pub(in crate::lint) from: Vec<From>,
    /// `WHERE` and the conditions of joins.
    pub(in crate::lint) condition: Vec<Sql>,
    /// The other queries of a `UNION`.
    pub(in crate::lint) union: Vec<Select>,
    /// `GROUP BY … HAVING`, `INTERSECT` and the like.
    pub(in crate::lint) is_odd: bool,
    /// The variables of `SELECT … INTO`.
    pub(in crate::lint) into: Vec<String>,
}

/// Something that a query reads.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lint) struct From {
    pub(in crate::lint) alias: String,
    pub(in crate::lint) kind: FromKind,
}

/// What is read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lint) enum FromKind {
    Table(Vec<String>),
    Query(Box<Select>),
    Call(Sql),
}
