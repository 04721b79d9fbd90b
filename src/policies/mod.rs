//! The tools for who writes policies. The crate `policy` decides; here it gets its way to the
//! server, and its answers become rows. Everything runs with the rights of the caller.

mod coverage;
mod explain;
mod lint;
mod matrix;
mod mutants;
mod server;
