//! Policies of row-level security as trees: Postgres's own node text is read into values, and the
//! values into expressions that rules can judge.
//!
//! Nothing here links Postgres, opens a connection or keeps state: a [`Server`] is handed in. `pg_policy.polqual::text` is
//! such a text, on hosted servers too. No input makes a function here panic: the lints below refuse
//! the usual ways to. Texts of Postgres 14 to 18 differ in names and fields; both tell.
//!
//! ```
//! use authguard_policy::{Expr, read_node};
//!
//! let text = "{NULLTEST :arg {VAR :varno 1 :varattno 3 :varlevelsup 0} :nulltesttype 1}";
//! let expr = Expr::of(&read_node(text)?);
//! assert!(expr.opaque().is_empty());
//! # Ok::<(), authguard_policy::NodeError>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod clauses;
mod explain;
mod expr;
pub mod facts;
pub mod finding;
mod fingerprint;
pub mod lint;
mod node;
pub mod report;
mod server;

pub use clauses::{Clause, Parts};
pub use explain::{Gate, Outcome, Request, Step, as_identity, can, explain};
pub use expr::{
    Aggregation, ArrayOperation, BooleanTest, Call, Case, CastKind, Column, Const, Cte, Expr,
    FromItem, Operation, Other, Param, Query, QueryCommand, RangeEntry, RangeKind, RowComparison,
    SubLink, SubLinkKind, Target, Var,
};
pub use fingerprint::normal_form;
pub use node::{MAX_DEPTH, MAX_TEXT_BYTES, MAX_VALUES, Node, NodeError, Value, read_node};
pub use server::{Row, Server, ServerError};
