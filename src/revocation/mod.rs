//! Whether the current token is revoked: the decision and its memory, the look-up, the checks.

mod checks;
mod decision;
mod lookup;
mod place;
pub mod shut;

pub use decision::{Decision, authenticated_at, reason};
pub use lookup::{Basis, judge};
