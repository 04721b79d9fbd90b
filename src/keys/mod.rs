//! Verified tokens: whose are believed, by which keys, and what a verification remembers.
//!
//! Issuers and public keys come from tables, secrets and private keys from `pg::credentials`. The rules
//! are in the `token` crate.

mod file;
mod functions;
mod own;
mod refresh;
mod registration;
mod trust;
mod verify;

pub use own::{can_sign, sign};
pub use refresh::{make_refresh_key, refresh_key, replace_refresh_key};
pub use verify::{Cause, try_own, verify};
