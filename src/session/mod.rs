//! Sessions of the local issuer: how they begin, are refreshed, take another proof of who the user
//! is, and end. The `token` crate decides which changes a session makes; `record` stores them.

mod arguments;
mod counters;
mod cut_offs;
mod ending;
mod endings;
mod entries;
mod events;
mod issuance;
mod receive;
mod record;
mod refresh;
mod response;
mod revoke;
mod sign_in;
mod sql;
mod step_up;
mod tokens;
mod transaction;
mod wait;
mod writes;

pub use cut_offs::before_commit;
pub use transaction::before_prepare;

/// Forgets the notes about a transaction that has ended, committed or not.
pub fn end_of_transaction() {
    cut_offs::end_of_transaction();
    transaction::end_of_transaction();
}
