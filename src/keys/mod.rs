//! Verified tokens: whose are believed, by which keys, and what a verification remembers.
//!
//! Issuers and public keys come from tables, secrets and private keys from `pg::credentials`. The rules
//! are in the `token` crate.

mod cause;
mod file;
mod functions;
mod own;
mod refresh;
mod registration;
mod trust;
mod verify;

pub use cause::Cause;
pub use own::{can_sign, sign_believed};
pub use refresh::{make_refresh_key, refresh_key, replace_refresh_key};
pub use verify::verify;
