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

/// Checks a secret that a person may have chosen: blanks, or one key held down, would be long
/// enough. A JWK may have such a secret, as published test vectors do; no JWK of a secret can be
/// registered.
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
    if is_pem_or_json(secret.trim_ascii()) || is_ssh(secret.trim_ascii()) || is_der(secret) {
        return Err(KeyError::SecretIsKey);
    }
    Ok(())
}

// Forging by algorithm confusion (CVE-2016-5431 and many later ones) takes a published key as
// secret.

fn is_pem_or_json(text: &[u8]) -> bool {
    let is_pem = text.windows(5).any(|five| five == b"-----");
    is_pem || (text.first() == Some(&b'{') && text.last() == Some(&b'}'))
}

/// A line of OpenSSH (RFC 4253 section 6.6: a name, then base64 that begins with the name's
/// length), or the file of RFC 4716.
fn is_ssh(text: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-sha2-"];
    let is_line = names.iter().any(|name| text.starts_with(name))
        && text.windows(5).any(|five| five == b" AAAA");
    is_line || text.starts_with(b"---- BEGIN ")
}

/// DER: a SEQUENCE with the length of the whole. If one byte of a text could be that length, the
/// text must also continue as keys do: with the identifier of an algorithm (SPKI), or with a
/// version (private keys).
fn is_der(secret: &[u8]) -> bool {
    match secret {
        [0x30, 0x82, high, low, rest @ ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) == rest.len()
        }
        [0x30, 0x81, length, rest @ ..] | [0x30, length, rest @ ..] => {
            usize::from(*length) == rest.len()
                && matches!(rest, [0x30, _, 0x06, ..] | [0x02, 0x01, ..])
        }
        _ => false,
    }
}
