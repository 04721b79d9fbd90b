//! Reads PEM of one form only: `PRIVATE KEY` (RFC 7468 section 10).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Returns the DER inside; `None` for another label, a second key, or bad base64.
pub(super) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.split_ascii_whitespace());
    Some(Zeroizing::new(STANDARD.decode(base64.as_bytes()).ok()?))
}
