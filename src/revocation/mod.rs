//! The verdict on claims: the look-up of entries, of the session's row and of attached rows, and
//! the check that this database may know what is revoked.

mod availability;
mod clock_skew;
mod entry;
mod lookup;
mod own_session;
mod unused_kinds;

pub use entry::check_identity;
pub use lookup::{Basis, Finding, entries, judge};
pub use own_session::is_own;
