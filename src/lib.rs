//! authguard: token claims and instant revocation for Postgres row-level security.
//!
//! Data flows one way: settings → claims → decision → answer, and writes → tables → invalidation.
//! The rules themselves (what claims are acceptable, what revokes them) live in the `token` crate,
//! which knows nothing of Postgres.

#[cfg(not(panic = "unwind"))]
compile_error!("authguard must be built with panic = \"unwind\": a panic has to become an ERROR");

mod access;
mod attached;
mod claims;
mod entry;
mod error;
mod invalidation;
mod keys;
mod pg;
mod policies;
mod request;
mod revocation;
mod schema;
mod session;
mod settings;

#[cfg(any(test, feature = "pg_test"))]
mod tests;

/// The module that `cargo pgrx test` expects of the crate under test.
#[cfg(test)]
pub mod pg_test {
    /// Nothing to prepare.
    pub fn setup(_options: Vec<&str>) {}

    /// The settings of the server that runs the `#[pg_test]`s.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec![]
    }
}
