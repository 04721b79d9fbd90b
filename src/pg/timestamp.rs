//! Times of Postgres (datatype/timestamp.h) as microseconds since the Unix epoch, and back.

use pgrx::pg_sys;

/// Microseconds between the Unix epoch and the Postgres epoch (2000-01-01).
pub(super) const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// Microseconds since the Unix epoch as a `timestamptz`; `None` outside its range
/// (`IS_VALID_TIMESTAMP` in datatype/timestamp.h).
pub fn timestamptz(unix_micros: i64) -> Option<pg_sys::TimestampTz> {
    const MIN: i64 = -211_813_488_000_000_000;
    const END: i64 = 9_223_371_331_200_000_000;
    unix_micros
        .checked_sub(POSTGRES_EPOCH)
        .filter(|micros| (MIN..END).contains(micros))
}

/// A `timestamptz` as microseconds since the Unix epoch, saturating ('infinity' included).
pub fn unix_micros(timestamp: pg_sys::TimestampTz) -> i64 {
    timestamp.saturating_add(POSTGRES_EPOCH)
}
