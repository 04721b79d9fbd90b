//! Functions, operators and types.

use crate::Expr;

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A window function.
    Window,
}

/// What a function may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volatility {
    /// On its arguments.
    Immutable,
    /// Also on the database and on settings.
    Stable,
    /// On anything.
    Volatile,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its OID.
    pub oid: u32,
    /// Its schema.
    pub schema: u32,
    /// Its name, not quoted.
    pub name: String,
    /// What it is.
    pub kind: FunctionKind,
    /// The types of its arguments.
    pub arguments: Vec<u32>,
    /// The names of its arguments, as far as it has any.
    pub argument_names: Vec<String>,
    /// The values of the last arguments, if they are left out. Not read: functions of system
    /// schemas.
    pub defaults: Vec<Expr>,
    /// The type of its result.
    pub result: u32,
    /// True if it returns rows.
    pub returns_set: bool,
    /// The name of its language.
    pub language: String,
    /// What it may depend on.
    pub volatility: Volatility,
    /// True for `LEAKPROOF`.
    pub leakproof: bool,
    /// True for `SECURITY DEFINER`.
    pub security_definer: bool,
    /// True if it is NULL whenever an argument is.
    pub strict: bool,
    /// Its owner.
    pub owner: u32,
    /// The settings that it runs with, as `search_path=public`.
    pub settings: Vec<String>,
    /// The extension that it belongs to.
    pub extension: Option<String>,
    /// What it does.
    pub body: Body,
}

impl Function {
    /// Returns the value of a setting that it runs with.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let mut settings = self.settings.iter().filter_map(|s| s.split_once('='));
        let (_, value) = settings.find(|(own, _)| *own == name)?;
        Some(value)
    }

    /// Returns its source text, if it has one.
    pub fn source(&self) -> Option<&str> {
        match &self.body {
            Body::Source(text) => Some(text),
            _ => None,
        }
    }
}

/// What a function does.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A text that the language reads when the function runs. For C, the symbol.
    Source(String),
    /// `BEGIN ATOMIC` or `RETURN`: its queries as sub-selects (`EXISTS`), those that write, too.
    Tree(Vec<Expr>),
    /// Not read: functions of system schemas.
    Unread,
}

/// An operator.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Its OID.
    pub oid: u32,
    /// Its schema.
    pub schema: u32,
    /// Its name.
    pub name: String,
    /// Its function.
    pub function: u32,
    /// The type of its left argument, or 0.
    pub left: u32,
    /// The type of its right argument.
    pub right: u32,
}

/// A type.
#[derive(Clone, Debug)]
pub struct TypeFact {
    /// Its OID.
    pub oid: u32,
    /// Its schema.
    pub schema: u32,
    /// Its name, not quoted.
    pub name: String,
    /// Its name as SQL spells it, with its schema unless that is `pg_catalog`.
    pub spelling: String,
    /// `pg_type.typtype`: `b` base, `c` composite, `d` domain, `e` enum, `p` pseudo, `r` range.
    pub kind: char,
    /// The type of its elements, if it is an array, or 0.
    pub element: u32,
    /// The type below a domain, or 0.
    pub base: u32,
}
