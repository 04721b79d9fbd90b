//! The settings that need no hook of a higher room. `request/` has the other three:
//! `request.jwt.claims`, `authguard.jwt` and `authguard.gateway_roles`.

mod judged;
mod table;
mod words;

pub use judged::{Judged, Problem, Rule, problems};
pub use table::*;
