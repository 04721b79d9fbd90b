//! The tables of the extension: where they are (`objects`), what each is to be like (`tables`),
//! what each is like (`form`, `forms`), and reading and writing them (`open`).
//!
//! Nothing about them is taken for granted: whoever owns a table may change it at any time. Names
//! are looked up once, and a table's form is checked once, under the lock that it is read with.
//! Both are looked at again after Postgres has sent an invalidation; only what has turned out to be
//! another one counts as changed, so that ANALYZE and VACUUM, which send one, make nobody read
//! again.

mod copies;
mod form;
mod forms;
mod marks;
mod member;
mod objects;
mod open;
mod problems;
mod settled;
mod tables;
mod trigger;

pub use forms::function_changed;
pub use marks::Feed;
pub use member::is_ours;
pub use objects::{Objects, Signal, known, names_changed, objects, relation_changed};
pub use open::{ColumnValue, OpenTable, Record, insert, read, try_lock, update};
pub use settled::{is_copy, settled};
pub use tables::{Table, attached, event, issuer, key, revocation, session};
