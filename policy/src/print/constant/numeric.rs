//! `numeric` (src/backend/utils/adt/numeric.c): digits of base 10,000.

use std::fmt::Write;

use crate::datum::ByteOrder;

/// Decimal digits of one digit.
const DIGITS: usize = 4;

pub(super) fn text(order: ByteOrder, bytes: &[u8]) -> Option<String> {
    let (header, rest) = order.half_word(bytes)?;
    let (negative, scale, weight, digits) = match header & 0xc000 {
        0xc000 => {
            let special = match header & 0xf000 {
                0xc000 => "NaN",
                0xd000 => "Infinity",
                0xf000 => "-Infinity",
                _ => return None,
            };
            return Some(special.to_owned());
        }
        0x8000 => {
            let weight = i16::try_from(header & 0x3f).ok()?;
            let weight = if header & 0x40 == 0 {
                weight
            } else {
                weight.checked_sub(64)?
            };
            (header & 0x2000 != 0, header >> 7 & 0x3f, weight, rest)
        }
        sign => {
            let (weight, digits) = order.half_word(rest)?;
            (
                sign == 0x4000,
                header & 0x3fff,
                weight.cast_signed(),
                digits,
            )
        }
    };
    let mut whole = String::new();
    let mut fraction = String::new();
    let digits: Vec<_> = digits
        .chunks_exact(2)
        .filter_map(|digit| Some(order.half_word(digit)?.0))
        .collect();
    let digit = |place: i16| {
        let place = usize::try_from(weight.checked_sub(place)?).ok()?;
        digits.get(place).copied()
    };
    for place in (0..=weight).rev() {
        let _ = write!(whole, "{:04}", digit(place).unwrap_or(0));
    }
    let scale = usize::from(scale);
    let groups = i16::try_from(scale.div_ceil(DIGITS)).ok()?;
    for place in 1..=groups {
        let _ = write!(fraction, "{:04}", digit(place.checked_neg()?).unwrap_or(0));
    }
    fraction.truncate(scale);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let sign = if negative { "-" } else { "" };
    let point = if scale == 0 { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}
