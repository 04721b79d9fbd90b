//! Times of Postgres (datatype/timestamp.h) as microseconds since the Unix epoch, and back.

use pgrx::PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW;
use pgrx::pg_sys::{self, Datum, PgTryBuilder, TimestampTz};

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

/// Returns true if `timestamptz` can hold each of these times, in microseconds since the Unix
/// epoch.
pub fn can_hold(times: [Option<i64>; 3]) -> bool {
    let mut times = times.into_iter().flatten();
    times.all(|time| timestamptz(time).is_some())
}

/// A `timestamptz` as microseconds since the Unix epoch, saturating ('infinity' included).
pub fn unix_micros(timestamp: pg_sys::TimestampTz) -> i64 {
    timestamp.saturating_add(POSTGRES_EPOCH)
}

/// A `timestamptz` minus an `interval` datum that is not NULL. Saturates: beyond the range it is
/// infinite.
///
/// Days and months are those of UTC. By the calendar of the session's TimeZone, which anybody can
/// set, a day could have as many hours as somebody likes.
pub fn minus_interval(at: TimestampTz, interval: Datum) -> TimestampTz {
    let subtract = || {
        // SAFETY: a timestamptz is a timestamp of UTC (datatype/timestamp.h), and the arguments are
        // of the types that timestamp_mi_interval (timestamp.c) takes. It never returns NULL.
        let result = unsafe {
            pgrx::direct_function_call_as_datum(
                pg_sys::timestamp_mi_interval,
                &[Some(Datum::from(at)), Some(interval)],
            )
        };
        result.expect("a time is never NULL here").value() as TimestampTz
    };
    // The function computes and holds nothing, so nothing has to be undone after its error.
    PgTryBuilder::new(subtract)
        .catch_when(ERRCODE_DATETIME_FIELD_OVERFLOW, |_| {
            match is_positive(interval) {
                true => TimestampTz::MIN,
                false => TimestampTz::MAX,
            }
        })
        .execute()
}

/// Returns true if an `interval` datum that is not NULL compares as more than nothing.
fn is_positive(interval: Datum) -> bool {
    // SAFETY: the datum points to an Interval (datatype/timestamp.h).
    let interval = unsafe { *interval.cast_mut_ptr::<pg_sys::Interval>() };
    let days = i128::from(interval.month) * 30 + i128::from(interval.day);
    days * 86_400_000_000 + i128::from(interval.time) > 0
}
