//! Whether the current token is revoked: the decision and its memory, the look-up, the checks.

mod checks;
mod decision;
mod kinds;
mod lookup;
mod memory;
mod place;
pub mod shut;

pub use decision::{authenticated_at, reason};
pub use lookup::{Basis, judge};
pub use memory::Decision;
