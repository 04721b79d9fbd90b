//! Number literals as `numeric` values, byte for byte as `numeric_in` makes them
//! (src/backend/utils/adt/numeric.c): digits to the base of 10,000, without zeros at the ends.

use authguard_token::MAX_NUMBER_BYTES;

/// The digits of the longest literal, with up to three zeros before the first.
const MOST_GROUPS: usize = (MAX_NUMBER_BYTES + 3).div_ceil(4);

const SHORT: u16 = 0x8000;
const SHORT_NEGATIVE: u16 = 0x2000;
const SHORT_WEIGHT: i32 = 0x3F;
const SHORT_WEIGHT_SIGN: u16 = 0x40;
const SHORT_SCALE: u16 = 0x3F;
const LONG_NEGATIVE: u16 = 0x4000;

/// Appends the number of a JSON literal that the parser has accepted.
pub fn encode(out: &mut Vec<u8>, literal: &str) {
    let unsigned = literal.strip_prefix('-').unwrap_or(literal);
    let (significand, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // The scale: the number of digits that are shown after the point, also of zero.
    let scale = (fraction.len() as i32 - exponent).max(0) as u16;
    // The power of ten of the first digit, and of 10,000 of the first group.
    let power = whole.len() as i32 - 1 + exponent;
    let mut weight = power.div_euclid(4);

    let mut groups = [0_u16; MOST_GROUPS];
    let places = 3 - power.rem_euclid(4) as usize..;
    for (place, digit) in places.zip(whole.bytes().chain(fraction.bytes())) {
        if let Some(group) = groups.get_mut(place / 4) {
            *group += u16::from(digit - b'0') * [1000, 100, 10, 1][place % 4];
        }
    }
    let is_used = |group: &u16| *group != 0;
    let first = groups.iter().position(is_used);
    let last = groups.iter().rposition(is_used);
    let mut negative = unsigned.len() < literal.len();
    let digits = match (first, last) {
        (Some(first), Some(last)) => {
            weight -= first as i32;
            &groups[first..=last]
        }
        _ => {
            (weight, negative) = (0, false);
            &[]
        }
    };

    varlena(out, |out| {
        let mut push = |word: u16| out.extend_from_slice(&word.to_ne_bytes());
        let flag = |is: bool, bit| if is { bit } else { 0 };
        if scale <= SHORT_SCALE && (!SHORT_WEIGHT..=SHORT_WEIGHT).contains(&weight) {
            push(
                SHORT
                    | flag(negative, SHORT_NEGATIVE)
                    | scale << 7
                    | flag(weight < 0, SHORT_WEIGHT_SIGN)
                    | (weight & SHORT_WEIGHT) as u16,
            );
        } else {
            push(flag(negative, LONG_NEGATIVE) | scale);
            push(weight as u16);
        }
        digits.iter().copied().for_each(push);
    });
}

/// Appends a varlena: its size in four bytes (SET_VARSIZE_4B in varatt.h), then what `write`
/// appends.
pub fn varlena<R>(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> R) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let size = (out.len() - start) as u32;
    let size = if cfg!(target_endian = "big") {
        size & 0x3FFF_FFFF
    } else {
        size << 2
    };
    out[start..start + 4].copy_from_slice(&size.to_ne_bytes());
}
