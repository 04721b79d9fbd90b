//! The reasons why a key or a set of keys is refused. No variant carries key material.

use std::fmt;

use crate::json::JsonError;

/// The reason why a key is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// Not one JSON object within the limits.
    Json(JsonError),
    /// A required member is missing.
    Missing(&'static str),
    /// A member has the wrong type, length or encoding.
    Malformed(&'static str),
    /// `kid` is empty or longer than 256 bytes.
    KeyId,
    /// `kty` is unknown.
    UnknownType,
    /// `crv` is unknown.
    UnknownCurve,
    /// `alg` is unknown, or is missing and required.
    UnknownAlgorithm,
    /// `alg` does not go with the type or the curve of the key.
    WrongAlgorithm,
    /// `use` or `key_ops` names another use, alone or as well.
    NotForSignatures,
    /// A private key among public ones.
    Private,
    /// A secret, in a set of public keys.
    Secret,
    /// An RSA modulus that does not have 2048 to 4096 bits.
    RsaSize,
    /// An RSA exponent that is not 65537.
    RsaExponent,
    /// An RSA modulus that is even, has a small factor, or is of the family that CVE-2017-15361
    /// breaks.
    RsaWeak,
    /// Not a point on the curve, or not in its canonical form.
    NotOnCurve,
    /// A point of small order: signatures of it verify for messages nobody signed.
    SmallOrder,
    /// A secret shorter than the hash (RFC 7518 section 3.2).
    SecretTooShort,
    /// A secret that repeats one byte.
    SecretRepeats,
    /// A secret that is a key in some form: a public one would let everybody sign.
    SecretIsKey,
    /// Not an unencrypted PKCS#8 private key of a known type, or a broken one.
    NotPkcs8,
    /// No key of this algorithm can be generated, or the generator failed.
    Generate,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json(error) => return write!(f, "the key cannot be read: {error}"),
            Self::Missing(name) => return write!(f, "\"{name}\" is missing"),
            Self::Malformed(name) => {
                return write!(f, "\"{name}\" has the wrong type, length or encoding");
            }
            Self::KeyId => "\"kid\" is empty or longer than 256 bytes",
            Self::UnknownType => "\"kty\" is not RSA, EC, OKP or oct",
            Self::UnknownCurve => "\"crv\" is not P-256, P-384 or Ed25519",
            Self::UnknownAlgorithm => "\"alg\" is not a known signature algorithm",
            Self::WrongAlgorithm => "\"alg\" does not go with the type of the key",
            Self::NotForSignatures => "\"use\" or \"key_ops\" is not for signatures alone",
            Self::Private => "it is a private key; register the public one, and replace the pair",
            Self::Secret => "it is a secret, which does not belong among public keys",
            Self::RsaSize => "the RSA modulus does not have 2048 to 4096 bits",
            Self::RsaExponent => "the RSA exponent is not 65537",
            Self::RsaWeak => "the RSA modulus is weak; replace the key",
            Self::NotOnCurve => "the point is not on the curve",
            Self::SmallOrder => "the point is of small order",
            Self::SecretTooShort => {
                "the secret is shorter than the hash of its algorithm: 32 bytes for HS256, 48 for HS384, 64 for HS512"
            }
            Self::SecretRepeats => "the secret is one byte repeated",
            Self::SecretIsKey => "the secret is a key (PEM, DER, JWK or SSH)",
            Self::NotPkcs8 => {
                "not an unencrypted PKCS#8 key for ES256, ES384, EdDSA or RS256; \
                 convert it with \"openssl pkcs8 -topk8 -nocrypt\""
            }
            Self::Generate => "no key of this algorithm can be generated",
        })
    }
}

impl std::error::Error for KeyError {}

/// The reason why a set of keys is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeySetError {
    /// Not one JSON object within the limits.
    Json(JsonError),
    /// The array `keys` is missing, or an entry of it is no object.
    NotASet,
    /// A key in it is refused.
    Key {
        /// Its place, from 1.
        position: usize,
        /// Its `kid`, if it has a good one.
        key_id: Option<String>,
        /// The reason.
        error: KeyError,
    },
    /// Two different keys of one algorithm have this `kid`.
    DuplicateKeyId(String),
    /// No key in it is for known signatures.
    Empty,
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the key set cannot be read: {error}"),
            Self::NotASet => f.write_str("not a key set: \"keys\" is not an array of objects"),
            Self::Key {
                position,
                key_id: Some(key_id),
                error,
            } => write!(f, "key {position} ({key_id:?}): {error}"),
            Self::Key {
                position, error, ..
            } => write!(f, "key {position}: {error}"),
            Self::DuplicateKeyId(key_id) => {
                write!(
                    f,
                    "two different keys of one algorithm have the \"kid\" {key_id:?}"
                )
            }
            Self::Empty => f.write_str("the key set has no key that verifies signatures"),
        }
    }
}

impl std::error::Error for KeySetError {}
