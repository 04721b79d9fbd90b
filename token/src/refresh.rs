//! Sessions and refresh tokens: one row a session, no row a token.
//!
//! A refresh is `RefreshToken::read`, `Unchecked::verify`, the look-up and lock of the row,
//! [`decide`], [`RefreshState::apply`], and the new token from `RefreshToken::mint`. If one of the
//! first two refuses, the client gets the answer `invalid`: nobody without a key learns if a
//! session exists, or holds its lock.

mod answer;
mod decide;
mod key;
mod session;
mod settings;
mod token;

pub use answer::{Answer, Change, EndReason, RefreshDecision};
pub use decide::{
    decide, end_now, issued_after, new_credentials, reauthenticate, should_log_event, step_up,
};
pub use key::RefreshKey;
pub use session::{Ended, RefreshState};
pub use settings::RefreshSettings;
pub use token::{RefreshToken, RefreshTokenError, Unchecked};
