//! Private keys, generated or loaded from PKCS#8, and the tokens that they sign.

mod pem;

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::key::{Key, KeyError};

/// A private key for one algorithm: ES256, ES384, EdDSA or RS256.
///
/// `Debug` shows the public part only. The key is zeroed when it is dropped.
pub struct SigningKey {
    pair: Pair,
    pkcs8: Zeroizing<Vec<u8>>,
    public: Key,
}

/// aws-lc zeroes the memory that it frees.
enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// Makes a key from the system's randomness; an RSA key of 3072 bits (128 bits of security).
    ///
    /// # Errors
    /// [`KeyError::Generate`] for another algorithm, or without randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generate;
        let pair = match algorithm {
            Algorithm::ES256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Ec)
            }
            Algorithm::ES384 => {
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::Ec)
            }
            Algorithm::EdDSA => Ed25519KeyPair::generate().map(Pair::Ed),
            Algorithm::RS256 => RsaKeyPair::generate(KeySize::Rsa3072).map(Pair::Rsa),
            _ => return Err(KeyError::Generate),
        };
        Self::from_pair(pair.map_err(failed)?)
    }

    /// Reads an unencrypted PKCS#8 key. An RSA key is one for RS256.
    ///
    /// # Errors
    /// [`KeyError`]: it is no such key, or its public half would be refused.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let ec = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der).map(Pair::Ec);
        let pair = ec(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .or_else(|_| ec(&ECDSA_P384_SHA384_FIXED_SIGNING))
            .or_else(|_| Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed))
            .or_else(|_| RsaKeyPair::from_pkcs8(der).map(Pair::Rsa));
        Self::from_pair(pair.map_err(|_| KeyError::NotPkcs8)?)
    }

    /// Reads an unencrypted PKCS#8 key in PEM (RFC 7468 section 10), as `openssl genpkey` writes
    /// it.
    ///
    /// # Errors
    /// As [`SigningKey::from_pkcs8_der`].
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pkcs8_der(&pem::decode(text).ok_or(KeyError::NotPkcs8)?)
    }

    fn from_pair(pair: Pair) -> Result<Self, KeyError> {
        let broken = |_| KeyError::NotPkcs8;
        let (public, pkcs8) = match &pair {
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                // 4, x, y: 65 bytes on P-256.
                let algorithm = if point.len() == 65 {
                    Algorithm::ES256
                } else {
                    Algorithm::ES384
                };
                let der = pair.to_pkcs8v1().map_err(broken)?;
                (Key::from_ec_point(algorithm, point)?, der.as_ref().to_vec())
            }
            Pair::Ed(pair) => {
                let der = pair.to_pkcs8v1().map_err(broken)?;
                let point = pair.public_key().as_ref();
                (Key::from_ed25519(point)?, der.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                let der = pair.as_der().map_err(broken)?;
                let public = Key::from_rsa(Algorithm::RS256, &parts.n, &parts.e)?;
                (public, der.as_ref().to_vec())
            }
        };
        Ok(Self {
            pair,
            pkcs8: Zeroizing::new(pkcs8),
            public,
        })
    }

    /// Returns the key as PKCS#8, to store it.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }

    /// Returns the public half. Its `kid` is its RFC 7638 thumbprint.
    pub fn public(&self) -> &Key {
        &self.public
    }

    /// Signs a payload as it is, with the header `alg`, `kid` and `typ: JWT`.
    ///
    /// # Errors
    /// [`SignError`]: the library failed.
    pub fn sign(&self, payload: &str, key_id: &str) -> Result<String, SignError> {
        let algorithm = self.public.algorithm().name();
        let kid = Value::from(key_id);
        let header = format!(r#"{{"alg":"{algorithm}","kid":{kid},"typ":"JWT"}}"#);
        let mut token = base64url::encode(header.as_bytes());
        token.push('.');
        token.push_str(&base64url::encode(payload.as_bytes()));
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        token.push_str(&base64url::encode(&signature));
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| SignError)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed(pair) => {
                let signature = pair.try_sign(message).map_err(|_| SignError)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SignError)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// The library could not sign: no memory or no randomness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignError;

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token cannot be signed")
    }
}

impl std::error::Error for SignError {}
