//! The rules for the protected header, applied before any key is looked up.
//!
//! `jku`, `x5u`, `jwk`, `x5c` and all unknown parameters are ignored: a key comes from registration
//! only, never from the token (RFC 8725 section 3.10).

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::error::{Part, TokenError};
use crate::json::{JsonError, Node, Object};
use crate::key::MAX_KEY_ID_BYTES;

/// The longest header, decoded.
pub const MAX_HEADER_BYTES: usize = 1024;

/// That length in base64url.
const MAX_HEADER_CHARACTERS: usize = (MAX_HEADER_BYTES * 4).div_ceil(3);

/// The parameters of the header that decide something.
pub(crate) struct Header {
    pub algorithm: Algorithm,
    pub key_id: Option<String>,
    pub kind: Option<String>,
}

impl Header {
    pub fn parse(part: &str) -> Result<Self, TokenError> {
        if part.len() > MAX_HEADER_CHARACTERS {
            return Err(TokenError::HeaderTooLong);
        }
        let bytes = base64url::decode(part).ok_or(TokenError::Encoding(Part::Header))?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| TokenError::Header(JsonError::Syntax))?;
        let mut draft = Draft::default();
        for (name, value) in Object::parse(text).map_err(TokenError::Header)?.members() {
            draft.read(name, value)?;
        }
        Ok(Self {
            algorithm: draft.algorithm.ok_or(TokenError::HeaderText("alg"))?,
            key_id: draft.key_id,
            kind: draft.kind,
        })
    }
}

/// A header while it is being read.
#[derive(Default)]
struct Draft {
    algorithm: Option<Algorithm>,
    key_id: Option<String>,
    kind: Option<String>,
}

impl Draft {
    fn read(&mut self, name: &str, value: &Node<'_>) -> Result<(), TokenError> {
        match name {
            "alg" => self.algorithm = Some(parse_algorithm(string("alg", value)?)?),
            "kid" => {
                let key_id = string("kid", value)?;
                if key_id.len() > MAX_KEY_ID_BYTES {
                    return Err(TokenError::KeyIdTooLong);
                }
                self.key_id = Some(key_id.to_owned());
            }
            "typ" => self.kind = Some(string("typ", value)?.to_owned()),
            // A nested token: its claims are inside another token, not in this payload.
            "cty" if media_type(string("cty", value)?).eq_ignore_ascii_case("JWT") => {
                return Err(TokenError::HeaderForbidden("cty"));
            }
            // Each changes what the signature covers. RFC 7515 section 4.1.11: a token that needs
            // an unknown extension must be refused.
            "crit" => return Err(TokenError::HeaderForbidden("crit")),
            "b64" => return Err(TokenError::HeaderForbidden("b64")),
            "zip" => return Err(TokenError::HeaderForbidden("zip")),
            _ => {}
        }
        Ok(())
    }
}

fn parse_algorithm(name: &str) -> Result<Algorithm, TokenError> {
    if name.eq_ignore_ascii_case("none") {
        return Err(TokenError::AlgorithmNone);
    }
    Algorithm::from_name(name).ok_or(TokenError::AlgorithmUnknown)
}

fn string<'n>(name: &'static str, value: &'n Node<'_>) -> Result<&'n str, TokenError> {
    match value {
        Node::Text(text) => Ok(text),
        _ => Err(TokenError::HeaderText(name)),
    }
}

/// Returns a media type without the prefix that may be left out (RFC 7515 sections 4.1.9 and
/// 4.1.10).
pub(crate) fn media_type(text: &str) -> &str {
    const PREFIX: &str = "application/";
    match text.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => text,
    }
}
