//! Base64url without padding (RFC 4648 section 5), canonical only: one text for one sequence of
//! bytes.
//!
//! No padding, no blanks, no line breaks, and the bits that fill the last character are zero.
//! Otherwise one token would have many spellings (RFC 8725bis section 3.14).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes a text; `None` if it is not canonical.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
