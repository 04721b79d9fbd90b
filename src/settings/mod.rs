//! The settings that need no hook of a higher room. `request/` has the other three:
//! `request.jwt.claims`, `authguard.jwt` and `authguard.gateway_roles`.

mod table;

pub use table::*;
