//! The bindings to Postgres: safe functions over its C interface, each `unsafe` block with the
//! Postgres rule that it relies on. Nothing here knows a rule of authguard, or calls upwards.
#![allow(unsafe_code)]

mod allocator;
pub mod backtrace;
pub mod call;
pub mod callbacks;
pub mod catalog;
pub mod composite;
pub mod confined;
pub mod crypto;
pub mod denials;
pub mod durability;
pub mod encoding;
pub mod executor;
pub mod guc;
mod guc_records;
mod hidden_temp;
pub mod hook;
pub mod jsonb;
pub mod lock;
pub mod log;
pub mod memory;
pub mod message;
mod numeric;
#[cfg(feature = "pg18")]
pub mod oauth;
pub mod partition;
mod placeholder;
pub mod plan;
pub mod planner;
pub mod relation;
pub mod replay;
pub mod restricted;
pub mod retire_list;
pub mod row_lock;
pub mod row_write;
pub mod shortage;
pub mod spi;
pub mod state;
pub mod subxact_flag;
pub mod support;
pub mod timestamp;
pub mod transaction;
pub mod trigger;
pub mod undone;
pub mod unguarded;
pub mod user_mapping;
#[cfg(feature = "pg18")]
pub mod utility;
