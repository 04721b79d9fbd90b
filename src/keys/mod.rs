//! Verified tokens: the issuers that are believed, their keys, and the memory of verified tokens.
//!
//! Issuers and public keys come from tables, secrets and private keys from `credentials`. The rules
//! are in the `token` crate.

mod credentials;
mod events;
mod explain;
mod file;
mod functions;
mod log;
#[cfg(feature = "pg18")]
mod login;
mod own;
mod problems;
mod refresh_key;
mod registration;
mod rejected;
mod subjects;
mod trust;
mod verify;

pub use events::received;
#[cfg(feature = "pg18")]
pub use login::log_in;
pub use own::{can_sign, sign_believed};
pub use refresh_key::{make_refresh_key, refresh_key, replace_refresh_key};
pub use rejected::TokenRejected;
pub use verify::{verified_by_leader, verify};
