//! Whether the current token is revoked: the decision, when it has to be made again, and what tells
//! other backends to do so.

mod checks;
mod decision;
mod invalidation;
mod lookup;

pub use decision::{Decision, reason};
pub use invalidation::{
    before_commit, end_of_transaction, forget_statement, has_written, relation_changed, written,
};
