//! The rules for claims, identities and revocation, as pure functions over plain values.
//!
//! Nothing here knows Postgres, reads a clock or keeps state, so that unit tests, property tests,
//! fuzzing and Miri need no server. No input makes a function here panic: the lints below refuse the
//! usual ways to.
//!
//! Every time is an `i64` of microseconds since the Unix epoch. A NumericDate (RFC 7519 section 2)
//! beyond that range becomes the nearest end of it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

pub mod claims;
pub mod identity;
pub mod json;
pub mod revocation;
mod time;

pub use claims::{Claims, ClaimsError, Problem};
pub use identity::{MAX_IDENTITY_BYTES, canonical, format_uuid, parse_uuid};
pub use json::{JsonError, MAX_DEPTH, MAX_NODES, parse_object};
pub use revocation::{Entry, Judge, Kind, Reason, Verdict, expired};
