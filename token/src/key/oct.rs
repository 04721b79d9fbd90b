//! Secrets for HMAC (RFC 7518 sections 3.2 and 6.4).

use zeroize::Zeroizing;

use super::members::Members;
use super::{Key, KeyError};
use crate::algorithm::Algorithm;

pub(super) fn from_jwk(members: &Members<'_>) -> Result<Key, KeyError> {
    let algorithm = members.algorithm()?.ok_or(KeyError::UnknownAlgorithm)?;
    let secret = Zeroizing::new(members.bytes("k")?);
    judge(&secret, algorithm)?;
    Ok(Key::secret(&secret, algorithm))
}

/// Judges a secret that a person may have chosen: blanks, or one key held down, are long enough too.
pub(super) fn judge_chosen(secret: &[u8], algorithm: Algorithm) -> Result<(), KeyError> {
    judge(secret, algorithm)?;
    if secret.windows(2).all(|pair| pair.first() == pair.last()) {
        return Err(KeyError::SecretRepeats);
    }
    Ok(())
}

fn judge(secret: &[u8], algorithm: Algorithm) -> Result<(), KeyError> {
    let least = match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => return Err(KeyError::WrongAlgorithm),
    };
    if secret.len() < least {
        return Err(KeyError::SecretTooShort);
    }
    if is_key(secret) {
        return Err(KeyError::SecretIsKey);
    }
    Ok(())
}

/// The way to forge by algorithm confusion (CVE-2016-5431 and many after it): a published key as secret.
fn is_key(secret: &[u8]) -> bool {
    let text = secret.trim_ascii();
    let is_pem = text.windows(5).any(|five| five == b"-----");
    let is_json = text.first() == Some(&b'{') && text.last() == Some(&b'}');
    // DER: a SEQUENCE with a length of two bytes that is that of the whole, as RSA keys have.
    let is_der = matches!(secret, [0x30, 0x82, high, low, rest @ ..]
        if usize::from(u16::from_be_bytes([*high, *low])) == rest.len());
    is_pem || is_json || is_der
}
