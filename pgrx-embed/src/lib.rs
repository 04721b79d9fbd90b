//! The developer's tool of authguard, run as `cargo embed`. It finds or fetches a Postgres, builds
//! the extension for it, and runs private servers with it.
//!
//! Tests use it as a library to start servers: [`postgres::Install::from_env`] and
//! [`cluster::Cluster::create`].

pub mod asserts;
pub mod bare;
pub mod clients;
pub mod cluster;
pub mod command;
pub mod demo;
pub mod dirs;
pub mod error;
pub mod instances;
pub mod million_rows;
pub mod package;
pub mod packages;
pub mod pgrx;
pub mod postgres;
pub mod postmaster;
pub mod procfs;
pub mod program;
pub mod reference;
pub mod released;
pub mod schema;
pub mod server;
pub mod sidecar;
pub mod signals;
pub mod source;
pub mod suites;
pub mod unix;
pub mod user;
pub mod wheels;
