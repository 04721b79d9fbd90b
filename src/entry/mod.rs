//! The functions that Postgres calls: the entry point of the library, the callbacks at the end of
//! transactions and after a change elsewhere, and the triggers. No other room imports this one.

mod callbacks;
mod changes;
mod functions;
mod module;
#[cfg(feature = "pg18")]
mod oauth;
mod trigger;
