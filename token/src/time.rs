//! Converts a NumericDate (RFC 7519 section 2: seconds, fractions allowed) to microseconds.

use serde_json::Number;

pub(crate) const MICROS_PER_SECOND: i64 = 1_000_000;

/// Returns seconds as whole microseconds: fractions are floored, values out of range saturate.
pub(crate) fn micros(seconds: &Number) -> i64 {
    if let Some(whole) = seconds.as_i64() {
        return whole.saturating_mul(MICROS_PER_SECOND);
    }
    if seconds.is_u64() {
        return i64::MAX;
    }
    seconds.as_f64().map_or(i64::MAX, micros_of_double)
}

fn micros_of_double(seconds: f64) -> i64 {
    let whole = seconds.floor();
    let fraction = (seconds - whole) * 1e6;
    // The double may lie just below the microsecond that was written. If it is the double of that
    // microsecond, that one is meant. This never reaches the next second, and a cut-off compares
    // whole seconds.
    let nearest = fraction.round();
    let written = whole + nearest / 1e6 == seconds;
    let fraction = if written { nearest } else { fraction.floor() };
    // `as` saturates, and a double beyond i64 has no fraction.
    (whole as i64)
        .saturating_mul(MICROS_PER_SECOND)
        .saturating_add(fraction as i64)
}

/// Returns the second that contains this instant.
pub(crate) fn second(micros: i64) -> i64 {
    micros.div_euclid(MICROS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::micros;
    use serde_json::Number;

    fn of(literal: &str) -> i64 {
        micros(&serde_json::from_str::<Number>(literal).unwrap())
    }

    #[test]
    fn seconds_become_microseconds_and_fractions_are_floored() {
        for (literal, expected) in [
            ("0", 0),
            ("-0", 0),
            ("1700000000", 1_700_000_000_000_000),
            ("1700000000.0", 1_700_000_000_000_000),
            ("1.7e9", 1_700_000_000_000_000),
            ("1700000000.5", 1_700_000_000_500_000),
            ("1700000000.123456", 1_700_000_000_123_456),
            ("1700000000.000001", 1_700_000_000_000_001),
            ("0.0000009", 0),
            ("-0.5", -500_000),
            ("-1.5", -1_500_000),
            ("-0.0000001", -1),
        ] {
            assert_eq!(of(literal), expected, "{literal}");
        }
    }

    #[test]
    fn a_fraction_never_reaches_the_next_second() {
        // The nearest double below 1700000001.
        assert_eq!(of("1700000000.99999976"), 1_700_000_000_999_999);
        assert_eq!(of("0.99999999"), 999_999);
    }

    #[test]
    fn out_of_range_is_saturated() {
        for literal in ["9223372036854775807", "18446744073709551615", "1e300"] {
            assert_eq!(of(literal), i64::MAX, "{literal}");
        }
        for literal in ["-9223372036854775808", "-1e300"] {
            assert_eq!(of(literal), i64::MIN, "{literal}");
        }
    }

    proptest::proptest! {
        #[test]
        fn six_digits_are_kept(seconds in 0_i64..1 << 32, fraction in 0_i64..1_000_000) {
            let literal = format!("{seconds}.{fraction:06}");
            proptest::prop_assert_eq!(of(&literal), seconds * 1_000_000 + fraction);
        }

        #[test]
        fn later_seconds_are_never_earlier_microseconds(a: f64, b: f64) {
            proptest::prop_assume!(a.is_finite() && b.is_finite());
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            proptest::prop_assert!(super::micros_of_double(low) <= super::micros_of_double(high));
        }
    }
}
