//! The boundary to Postgres: every `unsafe` block of the extension is in this room, each with the
//! Postgres rule that it relies on. The rest of the crate calls safe functions from here, and this
//! room calls back into safe functions only.
#![allow(unsafe_code)]

pub mod attached;
pub mod call;
pub mod callbacks;
pub mod catalog;
pub mod changes;
pub mod composite;
pub mod credentials;
pub mod durability;
pub mod gateways;
pub mod guc;
pub mod hook;
pub mod jsonb;
pub mod leaf;
pub mod level;
pub mod lock;
pub mod log;
pub mod memory;
pub mod message;
pub mod module;
mod numeric;
pub mod partition;
pub mod plan;
pub mod replay;
pub mod request;
pub mod restricted;
pub mod row_lock;
pub mod row_write;
pub mod scope;
pub mod seal;
pub mod shelf;
pub mod state;
pub mod support;
pub mod transaction;
pub mod trigger;
