//! The boundary to Postgres: every `unsafe` block of the extension is in this room, each with the
//! Postgres rule that it relies on. The rest of the crate calls safe functions from here, and this
//! room calls back into safe functions only.
#![allow(unsafe_code)]

pub mod call;
pub mod catalog;
pub mod guc;
pub mod leaf;
pub mod memory;
pub mod module;
pub mod shelf;
pub mod state;
pub mod support;
pub mod transaction;
pub mod trigger;
