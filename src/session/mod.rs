//! Sessions of the local issuer: signing in, refreshing and ending, by the rules in the `token` crate.

mod arguments;
mod events;
mod issuance;
mod record;
mod refresh;
mod response;
mod sign_in;
mod sql;
mod tokens;
mod transaction;
mod writes;

pub use transaction::{before_prepare, end_of_transaction};
