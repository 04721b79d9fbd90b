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
mod coverage;
mod declared;
mod explain;
mod expr;
mod identity;
mod matrix;
mod mutants;
mod node;
mod server;
mod snapshot;
mod suite;

pub use clauses::{Clause, Parts};
pub use coverage::{Answers, ClauseCount, covered_percent, read_coverage, start_coverage};
pub use explain::{Gate, Outcome, Request, Step, as_identity, can, explain};
pub use expr::{
    Aggregation, ArrayOperation, BooleanTest, Call, Case, CastKind, Column, Const, Cte, Expr,
    FromItem, Operation, Other, Param, Query, QueryCommand, RangeEntry, RangeKind, RowComparison,
    SubLink, SubLinkKind, Target, Var,
};
pub use identity::Identity;
pub use matrix::{Access, Allowed, Command, access_matrix};
pub use mutants::{Fate, Mutant, policy_mutants, run_mutants};
pub use node::{MAX_DEPTH, MAX_TEXT_BYTES, MAX_VALUES, Node, NodeError, Value, read_node};
pub use server::{Row, Server, ServerError};
pub use snapshot::{Difference, access_diff, access_snapshot};
pub use suite::{Found, Include, Script, ScriptError, ScriptServer, run_suite};
