//! Policies of row-level security as trees: Postgres's own node text is read into values
//! ([`read_node`]), and the values into expressions that rules can judge ([`Expr`]). An expression
//! is split into clauses with the text that Postgres writes for it ([`Clause`]), and a tree is
//! printed as SQL that makes the same tree again ([`print`]).
//!
//! `pg_policy.polqual::text` is such a text, on hosted servers too. Texts of Postgres 14 to 18
//! differ in names and fields; both tell. Nothing here links Postgres, opens a connection or keeps
//! state: a [`Server`] is handed in. No input makes a function here panic: the lints below refuse
//! the usual ways to.
//!
//! ```
//! use authguard_policy::{Clause, Column, Expr, Name, Names, print, read_node};
//!
//! // `create policy p on app.notes using (public and not hidden)`
//! let text = "{BOOLEXPR :boolop and :args ({VAR :varno 1 :varattno 2 :varlevelsup 0}
//!     {BOOLEXPR :boolop not :args ({VAR :varno 1 :varattno 3 :varlevelsup 0})})}";
//! let tree = read_node(text)?;
//!
//! let expr = Expr::of(&tree);
//! assert!(expr.opaque().is_empty());
//! assert!(expr.columns().contains(&Column::Own { varno: 1, attno: 3 }));
//!
//! let clause = Clause::of(&expr, "(public AND (NOT hidden))");
//! let leaves: Vec<_> = clause.leaves().iter().map(|leaf| leaf.sql).collect();
//! assert_eq!(leaves, ["public", "hidden"]);
//!
//! let mut names = Names::default();
//! let notes = Name { schema: "app".to_owned(), name: "notes".to_owned() };
//! names.relations.insert(16400, notes);
//! names.columns.insert((16400, 2), "public".to_owned());
//! names.columns.insert((16400, 3), "hidden".to_owned());
//! let sql = print(&tree, 16400, &names)?;
//! assert_eq!(sql, r#"("notes"."public" AND (NOT "notes"."hidden"))"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
mod command;
mod coverage;
mod datum;
mod declared;
mod explain;
mod expr;
pub mod facts;
pub mod finding;
mod identity;
pub mod lint;
mod matrix;
mod mutants;
mod node;
pub mod picture;
mod print;
mod quotes;
pub mod report;
mod server;
mod snapshot;
mod suite;
mod trust;

pub use clauses::{Clause, Parts};
pub use command::Command;
pub use coverage::{Answers, ClauseCount, covered_percent, read_coverage, start_coverage};
pub use datum::ByteOrder;
pub use explain::{Gate, Outcome, Request, Step, as_identity, can, explain};
pub use expr::{
    Aggregation, ArrayOperation, BooleanTest, Call, Case, CastKind, Column, Const, Cte, Details,
    Expr, FromItem, Operation, Other, Param, Query, QueryCommand, RangeEntry, RangeKind,
    RowComparison, SubLink, SubLinkKind, Target, Var,
};
pub use identity::Identity;
pub use matrix::{Access, Allowed, access_matrix};
pub use mutants::{Fate, Mutant, policy_mutants, run_mutants};
pub use node::{MAX_DEPTH, MAX_TEXT_BYTES, MAX_VALUES, Node, NodeError, Value, read_node};
pub use print::{Name, Names, NotPrinted, TypeName, print};
pub use server::{Row, Server, ServerError};
pub use snapshot::{Difference, access_diff, access_snapshot};
pub use suite::{Found, Include, Script, ScriptError, ScriptServer, run_migration, run_suite};
