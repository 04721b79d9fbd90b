//! The tables of the extension: where they are (`objects`), what each is to be like (`tables`), what each is
//! like (`form`), and reading and writing them (`open`).
//!
//! Nothing about them is taken for granted: whoever owns a table may change it at any time. Names are looked
//! up once, and a table's form is checked once, under the lock that it is read with. Both are looked at again
//! after Postgres has sent an invalidation; only what has turned out to be another one counts as changed, so
//! that ANALYZE and VACUUM, which send one, make nobody read again.

mod copies;
mod form;
mod member;
mod objects;
mod open;
mod problems;
mod tables;
mod trigger;

pub use copies::is_copy;
pub use member::is_ours;
pub use objects::{
    Feed, Objects, Told, function_changed, known, names_changed, objects, relation_changed, settled,
};
pub use open::{ColumnValue, OpenTable, Record, insert, read, try_lock, update};
pub use tables::{Table, attached, event, issuer, key, revocation, session};
