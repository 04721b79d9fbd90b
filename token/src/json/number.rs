//! Number literals: the grammar, the limits, and what they mean.

use serde_json::Number;

use super::JsonError;

/// jsonb keeps at most 16,383 digits after the point and refuses larger exponents; both stay far away.
/// The longest double in use, 0.1 written out exactly, is 57 bytes.
const MAX_NUMBER_BYTES: usize = 64;
const MAX_EXPONENT_BYTES: usize = 4;
const MAX_ZERO_EXPONENT_BYTES: usize = 2;

/// What may be part of a number.
pub(super) fn is_part(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Judges a text of such bytes.
pub(super) fn judge(literal: &str) -> Result<(), JsonError> {
    if literal.len() > MAX_NUMBER_BYTES {
        return Err(JsonError::Number);
    }
    if !follows_grammar(literal.as_bytes()) {
        return Err(JsonError::Syntax);
    }
    let fits = if is_fraction(literal) {
        double_fits(literal)
    } else {
        // As a double, two larger integers would become the same number.
        literal.len() < 19 || literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok()
    };
    match fits {
        true => Ok(()),
        false => Err(JsonError::Number),
    }
}

/// The value of a literal that is good: an integer, else a double.
pub(crate) fn number(literal: &str) -> Number {
    let double = || Number::from_f64(literal.parse().unwrap_or_default());
    let integer = || {
        let signed = literal.parse::<i64>().ok().map(Number::from);
        signed.or_else(|| literal.parse::<u64>().ok().map(Number::from))
    };
    let number = match literal {
        // Only a double has this zero.
        "-0" => double(),
        _ if is_fraction(literal) => double(),
        _ => integer(),
    };
    number.unwrap_or_else(|| Number::from(0))
}

fn is_fraction(literal: &str) -> bool {
    literal
        .bytes()
        .any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

/// RFC 8259 section 6.
fn follows_grammar(literal: &[u8]) -> bool {
    let unsigned = literal.strip_prefix(b"-").unwrap_or(literal);
    let rest = match unsigned {
        [b'0', rest @ ..] => Some(rest),
        _ => skip_digits(unsigned),
    };
    let rest = match rest {
        Some([b'.', fraction @ ..]) => skip_digits(fraction),
        rest => rest,
    };
    let rest = match rest {
        Some([b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..]) => {
            skip_digits(exponent)
        }
        rest => rest,
    };
    rest.is_some_and(<[u8]>::is_empty)
}

/// What follows one digit or more.
fn skip_digits(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    let rest = text.get(end.unwrap_or(text.len())..)?;
    (rest.len() < text.len()).then_some(rest)
}

/// Finite, not rounded to zero, and an exponent that jsonb takes.
fn double_fits(literal: &str) -> bool {
    let (significand, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, ""));
    let Ok(value) = literal.parse::<f64>() else {
        return false;
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
