//! authguard: token claims and instant revocation for Postgres row-level security.
//!
//! Data flows one way: settings → claims → decision → answer, and writes → tables → invalidation.
//! The rules themselves (what claims are acceptable, what revokes them) live in the `token` crate,
//! which knows nothing of Postgres.
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(unsafe_code)]

#[cfg(not(panic = "unwind"))]
compile_error!("authguard must be built with panic = \"unwind\": a panic has to become an ERROR");

mod claims;
mod error;
mod pg;
mod revocation;
mod schema;
mod settings;
