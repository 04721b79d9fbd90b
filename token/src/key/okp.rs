//! Keys on Edwards curves (RFC 8037 section 2): Ed25519 only.

use jsonwebtoken::DecodingKey;

use super::members::Members;
use super::{Key, KeyError, edwards};
use crate::algorithm::Algorithm;
use crate::base64url;

pub(super) fn from_jwk(members: &Members<'_>) -> Result<Key, KeyError> {
    members.check_public()?;
    match members.text("crv")? {
        Some("Ed25519") => {}
        Some(_) => return Err(KeyError::UnknownCurve),
        None => return Err(KeyError::Missing("crv")),
    }
    if members
        .algorithm()?
        .is_some_and(|alg| alg != Algorithm::EdDSA)
    {
        return Err(KeyError::WrongAlgorithm);
    }
    from_bytes(&members.bytes("x")?)
}

pub(super) fn from_bytes(x: &[u8]) -> Result<Key, KeyError> {
    let point: &[u8; 32] = x.try_into().map_err(|_| KeyError::Malformed("x"))?;
    edwards::judge(point)?;
    let x = base64url::encode(point);
    let public = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let decoding = DecodingKey::from_ed_der(point);
    Ok(Key::public(Algorithm::EdDSA, decoding, public))
}
