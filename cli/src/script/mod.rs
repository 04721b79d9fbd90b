//! Tests in files of SQL, as psql runs them, but in a transaction that is rolled back.

mod lexer;
mod meta;
mod suite;
mod tap;

pub use suite::{Failure, Outcome, Suite};
