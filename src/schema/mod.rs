//! The tables of the extension: where they are (`objects`), the declaration of each (`tables`), the
//! form that each has (`form`, `forms`), and reading and writing them (`open`).
//!
//! Nothing about them is taken for granted: the owner of a table may change it at any time. Names
//! are looked up once. A table's form is checked once, under the lock that it is read with. Both
//! are looked at again after Postgres has sent an invalidation. Only what has really become
//! different counts as changed. So ANALYZE and VACUUM, which send an invalidation, make nobody read
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
pub use member::{is_installed, is_ours};
pub use objects::{Objects, Signal, known, names_changed, objects, relation_changed};
pub use open::{ColumnValue, OpenTable, Record, insert, read, read_at, try_lock, update};
pub use settled::{is_copy, settled};
pub use tables::{Table, attached, event, issuer, key, revocation, session};
