//! Expressions as rules see them, made from the generic tree.
//!
//! A node that is not known, or that lacks a field, becomes [`Expr::Opaque`]. Its arguments are not
//! looked at either, so no rule may judge an expression that has one ([`Expr::opaque`]), nor one
//! that reads a [`Column::Unresolved`].

pub(crate) mod details;
mod query;
mod read;
mod walk;

pub use details::Details;
pub use query::{Cte, FromItem, Query, QueryCommand, RangeEntry, RangeKind, Target};
pub use walk::Column;

/// An expression. Functions, operators and types are OIDs.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A column.
    Var(Var),
    /// A constant.
    Const(Const),
    /// A parameter. In the test of a sub-select it stands for a column of the sub-select's row.
    Param(Param),
    /// A call of a function. A cast may be one.
    Call(Call),
    /// An operator.
    Operator(Operation),
    /// `a IS DISTINCT FROM b`.
    Distinct(Operation),
    /// `nullif(a, b)`.
    NullIf(Operation),
    /// `a = ANY (b)`, `a <> ALL (b)`, `a IN (…)`.
    ArrayOperator(ArrayOperation),
    /// `(a, b) < (c, d)`.
    RowCompare(RowComparison),
    /// All of these.
    And(Vec<Expr>),
    /// One of these.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// `a IS NULL`.
    IsNull(Box<Expr>),
    /// `a IS NOT NULL`.
    IsNotNull(Box<Expr>),
    /// `a IS TRUE` and the like.
    BooleanTest(BooleanTest, Box<Expr>),
    /// `CASE`.
    Case(Case),
    /// The value that a `CASE x`, or a cast of an array, tests or casts just now.
    CaseTest,
    /// `coalesce(…)`.
    Coalesce(Vec<Expr>),
    /// `greatest(…)`.
    Greatest(Vec<Expr>),
    /// `least(…)`.
    Least(Vec<Expr>),
    /// A sub-select.
    SubLink(SubLink),
    /// A cast that no [`Expr::Call`] does.
    Cast {
        /// The way in which the value is cast.
        kind: CastKind,
        /// The type of the result.
        type_id: u32,
        /// The value.
        arg: Box<Expr>,
        /// For arrays, the cast of [`Expr::CaseTest`], which is one element.
        element: Option<Box<Expr>>,
    },
    /// `a COLLATE …`.
    Collate(Box<Expr>),
    /// `ROW(…)`.
    Row(Vec<Expr>),
    /// `ARRAY[…]`.
    Array(Vec<Expr>),
    /// `a[1]`, `a[1:2]`: the container and all its bounds.
    Subscript(Box<Expr>, Vec<Expr>),
    /// `(a).b`, where `b` is the field of this number.
    Field(Box<Expr>, i16),
    /// `name => a` among the arguments of a call.
    NamedArg(Box<Expr>),
    /// `WHERE CURRENT OF`.
    CurrentOf,
    /// `current_user`, `current_date` and the like: a number of `SQLValueFunctionOp`.
    SqlValue(u32),
    /// An aggregate.
    Aggregate(Aggregation),
    /// A window function.
    Window(Aggregation),
    /// Something whose parts are known, but whose value no rule works out: XML, SQL/JSON,
    /// `GROUPING`, and what sorts, groups or samples the rows of a query.
    Other(Other),
    /// A node of this name that is not known, or not complete.
    Opaque(String),
}

/// A column of an entry of a range table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var {
    /// The number of the entry, from 1 on. Outside of sub-selects a policy has 1 only, its table.
    pub varno: u32,
    /// The number of the column: 0 is the whole row, below 0 are system columns.
    pub attno: i16,
    /// The number of queries to go outwards to the range table.
    pub levels_up: u32,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Const {
    /// Its type.
    pub type_id: u32,
    /// Its bytes as Postgres keeps them in memory, or nothing if it is NULL.
    pub bytes: Option<Vec<u8>>,
}

/// A parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// A number of `ParamKind`: 2 is a column of the sub-select that is tested.
    pub kind: u32,
    /// Its number.
    pub id: u32,
    /// Its type.
    pub type_id: u32,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function.
    pub function: u32,
    /// The arguments.
    pub args: Vec<Expr>,
}

/// An operator and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The operator.
    pub operator: u32,
    /// Its function when the expression was stored, or 0.
    pub function: u32,
    /// One or two arguments.
    pub args: Vec<Expr>,
}

/// An operator on a value and each element of an array.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayOperation {
    /// The operator and its arguments: the value and the array.
    pub operation: Operation,
    /// True for `ANY`, false for `ALL`.
    pub any: bool,
}

/// A comparison of two rows.
#[derive(Clone, Debug, PartialEq)]
pub struct RowComparison {
    /// The operators, one for each column.
    pub operators: Vec<u32>,
    /// The left row.
    pub left: Vec<Expr>,
    /// The right row.
    pub right: Vec<Expr>,
}

/// The test of a truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BooleanTest {
    /// `IS TRUE`
    True,
    /// `IS NOT TRUE`
    NotTrue,
    /// `IS FALSE`
    False,
    /// `IS NOT FALSE`
    NotFalse,
    /// `IS UNKNOWN`
    Unknown,
    /// `IS NOT UNKNOWN`
    NotUnknown,
}

/// `CASE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The value of `CASE value WHEN …`. The conditions compare [`Expr::CaseTest`] then.
    pub arg: Option<Box<Expr>>,
    /// Each condition with its result.
    pub whens: Vec<(Expr, Expr)>,
    /// The result after `ELSE`.
    pub otherwise: Option<Box<Expr>>,
}

/// A sub-select.
#[derive(Clone, Debug, PartialEq)]
pub struct SubLink {
    /// What is made of its rows.
    pub kind: SubLinkKind,
    /// The comparison of `ANY`, `ALL` and rows. The sub-select's columns are [`Expr::Param`] there.
    pub test: Option<Box<Expr>>,
    /// The query.
    pub query: Box<Query>,
}

/// What is made of the rows of a sub-select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubLinkKind {
    /// `EXISTS (…)`
    Exists,
    /// `a = ALL (…)`
    All,
    /// `a = ANY (…)`, `a IN (…)`
    Any,
    /// `(a, b) = (…)`
    RowCompare,
    /// `(…)` as a value
    Value,
    /// `ARRAY(…)`
    Array,
}

/// The way in which a value is cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastKind {
    /// The bytes stay as they are.
    Relabel,
    /// By the text of the value.
    InputOutput,
    /// Each element of an array by itself.
    Array,
    /// A row to the row type of a parent table.
    Row,
    /// To a domain, whose checks are applied.
    Domain,
}

/// An aggregate or a window function.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// The function.
    pub function: u32,
    /// The arguments. Those of an ordered-set aggregate come before what it orders.
    pub args: Vec<Expr>,
    /// The condition of `FILTER`.
    pub filter: Option<Box<Expr>>,
    /// How an aggregate sorts its arguments, and what it takes for the same.
    pub sorting: Vec<Expr>,
}

/// Something whose parts are known, but whose value is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    /// The name of the node.
    pub node: String,
    /// The functions that it names itself.
    pub functions: Vec<u32>,
    /// The operators that it names itself.
    pub operators: Vec<u32>,
    /// The expressions in it.
    pub args: Vec<Expr>,
}
