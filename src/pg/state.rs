//! State of one backend.

use std::ops::Deref;

/// A static that belongs to the one thread of a Postgres backend.
///
/// It holds either what is derived from settings and tables, and can be derived again, or notes
/// about the running transaction, which its end clears, or what the login has left, which stays. A
/// parallel worker starts with none of them.
pub struct PerBackend<T>(T);

// SAFETY: a backend runs Postgres code in one thread only (src/backend/tcop/postgres.c); authguard
// starts no thread, and nothing here is reachable from another process.
unsafe impl<T> Sync for PerBackend<T> {}

impl<T> PerBackend<T> {
    /// Wraps `value`; usable in a `static`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for as long as the `static` lives.
    pub const fn value(&'static self) -> &'static T {
        &self.0
    }
}

impl<T> Deref for PerBackend<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
