//! Counters of what sessions do, for `authguard.statistics`.
//!
//! A counter is a sequence: its value lasts even if the transaction is rolled back, and no other
//! transaction waits for it.

use crate::pg::{catalog, row_write};
use std::ffi::CStr;

/// A counter.
#[derive(Clone, Copy)]
pub enum Counter {
    /// Sessions that began.
    SignIns,
    /// Refreshes that were answered with the next refresh token.
    Refreshes,
    /// Refreshes that were answered with the current refresh token.
    Reuses,
    /// Sessions that ended because a superseded refresh token was used.
    Thefts,
    /// Sessions that ended.
    Endings,
}

impl Counter {
    /// The name of the sequence in schema `authguard`.
    const fn sequence(self) -> &'static CStr {
        match self {
            Self::SignIns => c"sign_in_count",
            Self::Refreshes => c"refresh_count",
            Self::Reuses => c"reuse_count",
            Self::Thefts => c"theft_count",
            Self::Endings => c"ending_count",
        }
    }
}

/// Counts one. A schema of an older release may lack the sequence; then nothing is counted.
pub fn count(counter: Counter) {
    let schema = catalog::schema(c"authguard");
    if let Some(sequence) = schema.and_then(|it| catalog::sequence(counter.sequence(), it)) {
        row_write::next_id(sequence);
    }
}
