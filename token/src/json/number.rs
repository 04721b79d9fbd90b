//! Number literals: their places, their limits and their values.

use serde_json::Number;

/// The longest number, as it is written, in bytes.
///
/// jsonb keeps at most 16,383 digits after the point and refuses larger exponents; these limits
/// stay far below both. The longest double in use, 0.1 written out exactly, is 57 bytes.
pub const MAX_NUMBER_BYTES: usize = 64;
const MAX_EXPONENT_BYTES: usize = 4;
const MAX_ZERO_EXPONENT_BYTES: usize = 2;

/// The number literals of a JSON text, in order: jsonb keeps their digits, serde_json only their
/// values.
pub(super) struct Literals<'t> {
    rest: &'t str,
    /// The last string that was read, as it is in the text.
    string: &'t str,
}

impl<'t> Literals<'t> {
    pub(super) fn of(rest: &'t str) -> Self {
        Self { rest, string: "" }
    }

    /// Notes a string that was read and is in the text as it is: the next literal comes after it.
    pub(super) fn pass(&mut self, string: &'t str) {
        self.string = string;
    }

    /// Skips everything up to the end of that string, unless it is behind already.
    fn skip_string(&mut self) {
        let start = self
            .string
            .as_ptr()
            .addr()
            .checked_sub(self.rest.as_ptr().addr());
        let quote = start.and_then(|start| start.checked_add(self.string.len()));
        let rest = quote.and_then(|quote| self.rest.get(quote..)?.strip_prefix('"'));
        self.rest = rest.unwrap_or(self.rest);
    }

    /// Takes the next literal. The text has been read that far, and is JSON.
    pub(super) fn take(&mut self) -> &'t str {
        self.skip_string();
        let begins = |byte| matches!(byte, b'"' | b'-' | b'0'..=b'9');
        loop {
            self.skip_to(begins);
            match self.rest.strip_prefix('"') {
                Some(text) => self.rest = after_string(text),
                None => return self.skip_to(|byte| !is_part(byte)),
            }
        }
    }

    /// Takes the text before the first byte for which `is_end` is true.
    fn skip_to(&mut self, is_end: impl Fn(u8) -> bool) -> &'t str {
        let end = self.rest.bytes().position(is_end);
        let split = end.and_then(|end| self.rest.split_at_checked(end));
        let (before, rest) = split.unwrap_or((self.rest, ""));
        self.rest = rest;
        before
    }
}

/// Returns the text after the quote that closes a string: one after an even number of backslashes.
fn after_string(mut text: &str) -> &str {
    while let Some((before, rest)) = text.split_once('"') {
        let backslashes = before.bytes().rev().take_while(|byte| *byte == b'\\');
        if backslashes.count().is_multiple_of(2) {
            return rest;
        }
        text = rest;
    }
    ""
}

fn is_part(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Returns true if a number that serde_json reads as a double keeps its value: an integer that it
/// rounds does not.
pub(super) fn fits(literal: &str) -> bool {
    let is_short = literal.len() <= MAX_NUMBER_BYTES;
    is_short && (literal == "-0" || is_fraction(literal) && double_fits(literal))
}

/// Returns the value of a literal that passed the limits: an integer if it is written as one,
/// otherwise a double.
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

/// Returns true if the double is finite, was not rounded to zero, and has an exponent that jsonb
/// takes.
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
