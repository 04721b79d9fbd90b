//! One pass over the bytes before the parser: depth, number of values, number literals, escapes.
//!
//! It reads tokens as the parser does, so up to the first syntax error both agree, and after it the
//! parser refuses anyway. Where a token is malformed the scan says nothing and leaves it to the parser.

use super::JsonError;

/// How deep objects and arrays may nest; the outermost object is depth 1.
pub const MAX_DEPTH: usize = 16;

/// How many values one text may hold, keys not counted: 8 bytes a value in 64 KiB.
///
/// Counted are opening brackets and commas, which is never fewer than the values inside the object.
pub const MAX_NODES: usize = 8192;

/// jsonb keeps at most 16,383 digits after the point and refuses larger exponents; both stay far away.
/// The longest double in use, 0.1 written out exactly, is 57 bytes.
const MAX_NUMBER_BYTES: usize = 64;
const MAX_EXPONENT_BYTES: usize = 4;
const MAX_ZERO_EXPONENT_BYTES: usize = 2;

pub(super) fn scan(text: &str) -> Result<(), JsonError> {
    let mut rest = text.as_bytes();
    let mut depth = 0_usize;
    let mut nodes = 0_usize;
    while let [byte, tail @ ..] = rest {
        rest = match byte {
            b'"' => skip_string(tail)?,
            b'-' | b'0'..=b'9' => skip_number(rest)?,
            b',' | b'{' | b'[' => {
                nodes = nodes.saturating_add(1);
                if *byte != b',' {
                    depth = depth.saturating_add(1);
                }
                if depth > MAX_DEPTH {
                    return Err(JsonError::TooDeep);
                }
                if nodes > MAX_NODES {
                    return Err(JsonError::TooManyNodes);
                }
                tail
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                tail
            }
            _ => tail,
        };
    }
    Ok(())
}

/// Takes what follows an opening quote, returns what follows the closing one.
fn skip_string(mut rest: &[u8]) -> Result<&[u8], JsonError> {
    loop {
        let special = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        rest = match special.and_then(|at| rest.get(at..)).unwrap_or_default() {
            [b'"', tail @ ..] => return Ok(tail),
            [b'\\', b'u', tail @ ..] => skip_unicode_escape(tail)?,
            [b'\\', _, tail @ ..] => tail,
            _ => return Ok(&[]),
        }
    }
}

/// Takes what follows `\u`. jsonb has no U+0000, and UTF-8 has no halves of a surrogate pair.
fn skip_unicode_escape(rest: &[u8]) -> Result<&[u8], JsonError> {
    let Some((unit, tail)) = code_unit(rest) else {
        return Ok(rest);
    };
    match unit {
        0 | 0xDC00..=0xDFFF => Err(JsonError::Character),
        0xD800..=0xDBFF => match tail {
            [b'\\', b'u', low @ ..] => match code_unit(low) {
                Some((0xDC00..=0xDFFF, tail)) => Ok(tail),
                _ => Err(JsonError::Character),
            },
            _ => Err(JsonError::Character),
        },
        _ => Ok(tail),
    }
}

fn code_unit(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, tail) = rest.split_first_chunk::<4>()?;
    let unit = digits.iter().try_fold(0_u32, |unit, digit| {
        Some(unit << 4 | char::from(*digit).to_digit(16)?)
    })?;
    Some((unit, tail))
}

/// Takes a text that begins with a number, returns what follows the number.
fn skip_number(rest: &[u8]) -> Result<&[u8], JsonError> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = rest
        .iter()
        .position(|byte| !is_part(byte))
        .unwrap_or(rest.len());
    let (literal, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    if literal.len() > MAX_NUMBER_BYTES {
        return Err(JsonError::Number);
    }
    let literal = std::str::from_utf8(literal).unwrap_or_default();
    let fits = if literal.contains(['.', 'e', 'E']) {
        double_fits(literal)
    } else {
        // serde_json rounds larger integers to a double: two of them would become the same number.
        literal.len() < 19 || literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok()
    };
    if fits {
        Ok(tail)
    } else {
        Err(JsonError::Number)
    }
}

/// Finite, not rounded to zero, and an exponent that jsonb takes.
fn double_fits(literal: &str) -> bool {
    let (significand, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, ""));
    let Ok(value) = literal.parse::<f64>() else {
        return true;
    };
    let is_zero = !significand.contains(|digit| matches!(digit, '1'..='9'));
    // jsonb writes 0e-999 as a zero with 999 digits.
    let longest = if is_zero {
        MAX_ZERO_EXPONENT_BYTES
    } else {
        MAX_EXPONENT_BYTES
    };
    value.is_finite() && (value == 0.0) == is_zero && exponent.len() <= longest
}
