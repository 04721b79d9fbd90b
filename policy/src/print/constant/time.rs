//! Dates and times, which Postgres counts from 2000-01-01 on, in the proleptic Gregorian calendar.

use crate::datum::ByteOrder;

const PER_SECOND: i64 = 1_000_000;
const PER_DAY: i64 = 86_400 * PER_SECOND;

/// Days from 0000-03-01, where a cycle of 400 years begins, to 2000-01-01.
const FIRST_DAY: i64 = 730_425;
const DAYS_OF_CYCLE: i64 = 146_097;

pub(super) fn date(days: i32) -> Option<String> {
    match days {
        i32::MAX => Some("infinity".to_owned()),
        i32::MIN => Some("-infinity".to_owned()),
        days => {
            let (date, era) = calendar(days.into())?;
            Some(format!("{date}{era}"))
        }
    }
}

pub(super) fn timestamp(micros: i64, zone: &str) -> Option<String> {
    match micros {
        i64::MAX => Some("infinity".to_owned()),
        i64::MIN => Some("-infinity".to_owned()),
        micros => {
            let (date, era) = calendar(micros.div_euclid(PER_DAY))?;
            let time = of_day(micros.rem_euclid(PER_DAY))?;
            Some(format!("{date} {time}{zone}{era}"))
        }
    }
}

pub(super) fn of_day(micros: i64) -> Option<String> {
    (0..=PER_DAY)
        .contains(&micros)
        .then(|| clock(micros.unsigned_abs()))
}

/// The zone is in seconds west of Greenwich.
pub(super) fn of_day_in_zone(order: ByteOrder, bytes: &[u8]) -> Option<String> {
    let (micros, zone) = bytes.split_at_checked(8)?;
    let micros = i64::from_le_bytes(order.number(micros)?);
    let zone = i32::from_le_bytes(order.number(zone)?);
    let sign = if zone > 0 { '-' } else { '+' };
    let seconds = u64::from(zone.unsigned_abs()).checked_mul(PER_SECOND.unsigned_abs())?;
    Some(format!("{}{sign}{}", of_day(micros)?, clock(seconds)))
}

/// Every part has its sign, so that no `IntervalStyle` changes it.
pub(super) fn interval(order: ByteOrder, bytes: &[u8]) -> Option<String> {
    let (micros, rest) = bytes.split_at_checked(8)?;
    let (days, months) = rest.split_at_checked(4)?;
    let micros = i64::from_le_bytes(order.number(micros)?);
    let [days, months] = [order.number(days)?, order.number(months)?].map(i32::from_le_bytes);
    match (micros, days, months) {
        // From Postgres 17 on.
        (i64::MAX, i32::MAX, i32::MAX) => return Some("infinity".to_owned()),
        (i64::MIN, i32::MIN, i32::MIN) => return Some("-infinity".to_owned()),
        _ => {}
    }
    let sign = if micros < 0 { '-' } else { '+' };
    Some(format!(
        "{months:+} mons {days:+} days {sign}{}",
        clock(micros.unsigned_abs())
    ))
}

fn clock(micros: u64) -> String {
    let per_second = PER_SECOND.unsigned_abs();
    let (seconds, micros) = (micros.div_euclid(per_second), micros.rem_euclid(per_second));
    let (minutes, seconds) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    let (hours, minutes) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    let fraction = match micros {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    format!("{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

/// Returns the date so many days after 2000-01-01, and the era.
fn calendar(days: i64) -> Option<(String, &'static str)> {
    let days = days.checked_add(FIRST_DAY)?;
    let cycle = days.div_euclid(DAYS_OF_CYCLE);
    let day = days.rem_euclid(DAYS_OF_CYCLE);
    // The year begins with March, so that the day of a leap year is its last.
    let leap_days = day.div_euclid(1_460).checked_sub(day.div_euclid(36_524))?;
    let leap_days = leap_days.checked_add(day.div_euclid(146_096))?;
    let year = day.checked_sub(leap_days)?.div_euclid(365);
    let before = year.checked_mul(365)?.checked_add(year.div_euclid(4))?;
    let before = before.checked_sub(year.div_euclid(100))?;
    let day = day.checked_sub(before)?;
    let month = day.checked_mul(5)?.checked_add(2)?.div_euclid(153);
    let first = month.checked_mul(153)?.checked_add(2)?.div_euclid(5);
    let day = day.checked_sub(first)?.checked_add(1)?;
    let (month, next) = match month {
        0..10 => (month.checked_add(3)?, 0),
        _ => (month.checked_sub(9)?, 1),
    };
    let year = cycle
        .checked_mul(400)?
        .checked_add(year)?
        .checked_add(next)?;
    let (year, era) = match year {
        1.. => (year, ""),
        _ => (1_i64.checked_sub(year)?, " BC"),
    };
    Some((format!("{year:04}-{month:02}-{day:02}"), era))
}
