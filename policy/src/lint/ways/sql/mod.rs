//! The bodies of functions that are kept as text: as much of SQL and PL/pgSQL as helpers of
//! policies are written in. What is not understood is nothing, and no rule judges it.

mod body;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;
mod types;

pub(in crate::lint) use body::{
    Statement, Variables, as_expression, is_small, statements, substituted, with_variables,
};
pub(in crate::lint) use lexer::{literals, words};
pub(in crate::lint) use parser::select_of;
pub(in crate::lint) use types::broken;

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

impl Sql {
    /// Returns the expressions right below, those in sub-selects left out.
    pub(in crate::lint) fn children(&self) -> Vec<&Sql> {
        match self {
            Self::Name(_) | Self::Parameter(_) | Self::Constant(_) | Self::Null => Vec::new(),
            Self::Call(_, args)
            | Self::And(args)
            | Self::Or(args)
            | Self::List(args)
            | Self::Of(args) => args.iter().collect(),
            Self::Operator(_, a, b)
            | Self::Distinct(a, b)
            | Self::Any(_, a, b)
            | Self::All(_, a, b) => vec![a, b],
            Self::Not(arg) | Self::IsNull(arg) | Self::IsTrue(arg) | Self::Cast(arg, _) => {
                vec![arg]
            }
            Self::Exists(_) | Self::Query(_) => Vec::new(),
            Self::Case(whens, otherwise) => {
                let whens = whens.iter().flat_map(|(when, then)| [when, then]);
                whens.chain(otherwise.as_deref()).collect()
            }
        }
    }

    /// Returns the sub-select that this is.
    pub(in crate::lint) fn select(&self) -> Option<&Select> {
        match self {
            Self::Exists(select) | Self::Query(select) => Some(select),
            _ => None,
        }
    }

    /// Returns true if this, or anything in it, is such an expression.
    pub(in crate::lint) fn has(&self, is: &impl Fn(&Sql) -> bool) -> bool {
        is(self)
            || self.children().into_iter().any(|child| child.has(is))
            || self.select().is_some_and(|select| select.has(is))
    }
}

impl Select {
    /// Returns the expressions of this query and of those that it is made of.
    pub(in crate::lint) fn exprs(&self) -> Vec<&Sql> {
        let mut all: Vec<&Sql> = self.targets.iter().map(|(value, _)| value).collect();
        all.extend(&self.condition);
        for from in &self.from {
            match &from.kind {
                FromKind::Call(call) => all.push(call),
                FromKind::Query(query) => all.extend(query.exprs()),
                FromKind::Table(_) => {}
            }
        }
        all.extend(self.ctes.iter().flat_map(|(_, query)| query.exprs()));
        all.extend(self.union.iter().flat_map(Select::exprs));
        all
    }

    fn has(&self, is: &impl Fn(&Sql) -> bool) -> bool {
        self.exprs().into_iter().any(|expr| expr.has(is))
    }
}
