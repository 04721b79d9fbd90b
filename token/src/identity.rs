//! The canonical form of identities, for writes and look-ups alike.
//!
//! Postgres reads a UUID in many spellings. If identities were compared as they are written,
//! `{A0EE…}` would escape a revocation of `a0ee…`.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rand;

/// The longest identity (subject, token id, issuer) in bytes. A longer one is refused, not cut.
pub const MAX_IDENTITY_BYTES: usize = 1024;

/// The places of the dashes in a UUID's usual form (RFC 9562 section 4).
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// Reads a UUID in any spelling that Postgres takes; `None` for any other text.
///
/// The rule is `string_to_uuid` in `src/backend/utils/adt/uuid.c`: hex digits in any case, a dash
/// allowed after every group of four of them but the last, braces around all of it or none. No
/// blanks.
pub fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let (mut rest, end): (&[u8], &[u8]) = match text.as_bytes() {
        [b'{', tail @ ..] => (tail, b"}"),
        all => (all, b""),
    };
    let mut uuid = [0; 16];
    for (index, byte) in uuid.iter_mut().enumerate() {
        let [high, low, tail @ ..] = rest else {
            return None;
        };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
        rest = match tail {
            [b'-', tail @ ..] if index % 2 == 1 && index < 15 => tail,
            _ => tail,
        };
    }
    (rest == end).then_some(uuid)
}

/// Returns the usual form of a UUID: lower-case, with dashes (RFC 9562 section 4).
pub fn format_uuid(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(nibble.into(), 16).unwrap_or_default());
        }
    }
    text
}

/// Returns a random UUID (RFC 9562 section 5.4); `None` without randomness.
pub fn random_uuid() -> Option<[u8; 16]> {
    let mut uuid = [0; 16];
    rand::fill(&mut uuid).ok()?;
    Some(marked(uuid, 4))
}

/// Returns the name-based UUID of a subject in a namespace (RFC 9562 section 5.5, with SHA-1 as it
/// says there): the same subject of two issuers is two users.
pub fn uuid_v5(namespace: &[u8; 16], name: &str) -> [u8; 16] {
    let hash = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        &[namespace, name.as_bytes()].concat(),
    );
    let mut uuid = [0; 16];
    for (byte, hashed) in uuid.iter_mut().zip(hash.as_ref()) {
        *byte = *hashed;
    }
    marked(uuid, 5)
}

/// Returns the UUID with the bits of its variant and version (RFC 9562 sections 4.1 and 4.2).
fn marked(mut uuid: [u8; 16], version: u8) -> [u8; 16] {
    uuid[6] = uuid[6] & 0x0f | version << 4;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

/// Reads a `bigint` key as Postgres writes it; `None` for any other spelling.
pub fn parse_number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Returns the form in which an identity is stored and looked up.
///
/// A UUID in any spelling becomes lower-case with dashes. Everything else stays as it is, byte by
/// byte: two subjects of an external provider may differ only in case.
pub fn canonical(text: &str) -> Cow<'_, str> {
    canonical_of(text, parse_uuid(text))
}

/// As [`canonical`], for a text that [`parse_uuid`] has read already.
pub(crate) fn canonical_of(text: &str, uuid: Option<[u8; 16]>) -> Cow<'_, str> {
    match uuid {
        Some(uuid) if !is_usual_form(text) => Cow::Owned(format_uuid(&uuid)),
        _ => Cow::Borrowed(text),
    }
}

/// Returns true if a UUID is written as [`format_uuid`] writes it.
fn is_usual_form(uuid: &str) -> bool {
    let bytes = uuid.as_bytes();
    bytes.len() == 36
        && DASHES.iter().all(|at| bytes.get(*at) == Some(&b'-'))
        && !bytes.iter().any(u8::is_ascii_uppercase)
}

fn nibble(digit: u8) -> Option<u8> {
    let from = |first: u8, value: u8| Some(digit.wrapping_sub(first).wrapping_add(value));
    match digit {
        b'0'..=b'9' => from(b'0', 0),
        b'a'..=b'f' => from(b'a', 10),
        b'A'..=b'F' => from(b'A', 10),
        _ => None,
    }
}
