//! The query of a sub-select.

use super::Expr;

/// A query. Those of a policy only read.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What it does.
    pub command: QueryCommand,
    /// The queries of `WITH`.
    pub ctes: Vec<Cte>,
    /// The range table. [`Var::varno`](super::Var::varno) counts its entries from 1 on.
    pub range_table: Vec<RangeEntry>,
    /// `FROM`: entries of the range table and joins of them.
    pub from: Vec<FromItem>,
    /// `WHERE`.
    pub condition: Option<Expr>,
    /// The columns of the result, and those that only sort or group it.
    pub targets: Vec<Target>,
    /// `HAVING`.
    pub having: Option<Expr>,
    /// `OFFSET`.
    pub offset: Option<Expr>,
    /// `LIMIT`.
    pub limit: Option<Expr>,
    /// True for `UNION`, `INTERSECT` and `EXCEPT`. The range table then has the queries.
    pub is_set_operation: bool,
    /// Whatever else it evaluates: how rows are sorted and grouped, the bounds of windows, samples
    /// of tables, the values of `CYCLE`, and what a query that writes sets and returns.
    pub others: Vec<Expr>,
    /// The names of nodes of this query that are not known. No rule may judge it if there is one.
    pub opaque: Vec<String>,
}

/// What a query does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryCommand {
    /// `SELECT`, `VALUES`
    Select,
    /// `UPDATE`
    Update,
    /// `INSERT`
    Insert,
    /// `DELETE`
    Delete,
    /// `MERGE`
    Merge,
    /// Something that is not known.
    Unknown,
}

/// A query of `WITH`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cte {
    /// Its name.
    pub name: String,
    /// The query.
    pub query: Query,
}

/// An entry of a range table.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeEntry {
    /// The name that columns are qualified with.
    pub alias: String,
    /// What is read.
    pub kind: RangeKind,
}

/// What an entry of a range table reads.
#[derive(Clone, Debug, PartialEq)]
pub enum RangeKind {
    /// A table or view.
    Relation {
        /// Its OID.
        relation: u32,
        /// False for `ONLY`.
        with_children: bool,
    },
    /// A query in `FROM`.
    Subquery(Box<Query>),
    /// A join: the expression behind each of its columns.
    Join(Vec<Expr>),
    /// Calls of functions, `XMLTABLE` and `JSON_TABLE` among them.
    Functions(Vec<Expr>),
    /// `VALUES`.
    Values(Vec<Vec<Expr>>),
    /// A query of `WITH`, of this query or of one further out.
    Cte {
        /// Its name.
        name: String,
        /// The number of queries to go outwards.
        levels_up: u32,
    },
    /// The grouping of the query (from Postgres 18 on): the expressions that it groups by.
    Group(Vec<Expr>),
    /// Something that is not known.
    Opaque(String),
}

/// An item of `FROM`.
#[derive(Clone, Debug, PartialEq)]
pub enum FromItem {
    /// An entry of the range table.
    Entry(u32),
    /// A join.
    Join {
        /// A number of `JoinType`: 0 inner, 1 left, 2 full, 3 right.
        kind: u32,
        /// The entry of the join itself.
        entry: u32,
        /// The left side.
        left: Box<FromItem>,
        /// The right side.
        right: Box<FromItem>,
        /// The condition, also that of `USING`.
        condition: Option<Expr>,
    },
}

/// A column of a query's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The value.
    pub expr: Expr,
    /// The name.
    pub name: Option<String>,
    /// True if the column only sorts or groups.
    pub is_junk: bool,
}
