//! RSA keys (RFC 7518 section 6.3.1): 2048 to 4096 bits, exponent 65537.

use jsonwebtoken::DecodingKey;

use super::members::Members;
use super::{Key, KeyError};
use crate::algorithm::Algorithm;
use crate::base64url;

const EXPONENT: [u8; 3] = [1, 0, 1];

/// The primes by which [`is_roca`] tells the weak family.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

pub(super) fn from_jwk(members: &Members<'_>) -> Result<Key, KeyError> {
    members.check_public()?;
    // Some providers publish RSA keys without `alg` and sign with RS256.
    let algorithm = members.algorithm()?.unwrap_or(Algorithm::RS256);
    from_parts(algorithm, &members.bytes("n")?, &members.bytes("e")?)
}

pub(super) fn from_parts(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Key, KeyError> {
    use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
    if !matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512) {
        return Err(KeyError::WrongAlgorithm);
    }
    // The shortest form (section 6.3.1.1), or one key had two thumbprints.
    if n.first() == Some(&0) {
        return Err(KeyError::Malformed("n"));
    }
    if e != EXPONENT {
        return Err(KeyError::RsaExponent);
    }
    if !(2048..=4096).contains(&bits(n)) {
        return Err(KeyError::RsaSize);
    }
    let is_odd = n.last().is_some_and(|last| last % 2 == 1);
    if !is_odd || has_small_factor(n) || is_roca(n) {
        return Err(KeyError::RsaWeak);
    }
    let public = format!(
        r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
        base64url::encode(e),
        base64url::encode(n)
    );
    let decoding = DecodingKey::from_rsa_raw_components(n, e);
    Ok(Key::public(algorithm, decoding, public))
}

fn bits(n: &[u8]) -> usize {
    let unused = n.first().map_or(0, |first| first.leading_zeros());
    n.len()
        .saturating_mul(8)
        .saturating_sub(usize::try_from(unused).unwrap_or(0))
}

fn has_small_factor(n: &[u8]) -> bool {
    PRIMES.iter().any(|prime| remainder(n, *prime) == 0)
}

/// CVE-2017-15361: these primes are 65537^a plus a multiple of a product of small primes, so the
/// modulus is a power of 65537 modulo each of those. A random one is that by chance once in 2^27 or
/// less.
fn is_roca(n: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let residue = remainder(n, *prime);
        let mut power = 1;
        // The powers come round to 1 in fewer steps than the prime.
        (0..*prime).any(|_| {
            power = times(power, 65537, *prime);
            power == residue
        })
    })
}

fn remainder(n: &[u8], prime: u32) -> u32 {
    n.iter().fold(0, |rest: u32, byte| {
        (rest << 8 | u32::from(*byte))
            .checked_rem(prime)
            .unwrap_or(0)
    })
}

fn times(a: u32, b: u32, prime: u32) -> u32 {
    a.wrapping_mul(b).checked_rem(prime).unwrap_or(0)
}
