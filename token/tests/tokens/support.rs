//! Tokens as a test wants them, signed with a secret.

use authguard_token::{Algorithm, Key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub const SECRET: &[u8] = b"a secret of 64 bytes, which is enough for every hash that we use";
pub const HEADER: &str = r#"{"alg":"HS256"}"#;
/// Far more than any token here has.
pub const MAX: usize = 8192;

pub fn key() -> Key {
    Key::from_secret(SECRET, Algorithm::HS256).unwrap()
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// A good HS256 signature over whatever is given.
pub fn signed(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign_parts(&encode(header), &encode(payload))
}

pub fn sign_parts(header: &str, payload: &str) -> String {
    let message = format!("{header}.{payload}");
    let signature = jsonwebtoken::crypto::sign(
        message.as_bytes(),
        &jsonwebtoken::EncodingKey::from_secret(SECRET),
        jsonwebtoken::Algorithm::HS256,
    );
    format!("{message}.{}", signature.unwrap())
}
