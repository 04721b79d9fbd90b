//! The claims of the current token: where they come from, and the memo that keeps them parsed.
//!
//! Nothing here decides about them: the memo has a place for a decision of any type.

mod cached;
pub mod leader;
mod memo;
mod source;

pub use cached::{CachedClaims, Status, Values};
pub use memo::Memo;
pub use source::{ClaimsRejected, Origin};
