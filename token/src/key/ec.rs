//! Keys on NIST curves (RFC 7518 section 6.2.1): the curve fixes the algorithm.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use jsonwebtoken::DecodingKey;

use super::members::Members;
use super::{Key, KeyError};
use crate::algorithm::Algorithm;
use crate::base64url;

struct Curve {
    name: &'static str,
    algorithm: Algorithm,
    coordinate_bytes: usize,
    verification: &'static EcdsaVerificationAlgorithm,
}

static CURVES: [Curve; 2] = [
    Curve {
        name: "P-256",
        algorithm: Algorithm::ES256,
        coordinate_bytes: 32,
        verification: &ECDSA_P256_SHA256_FIXED,
    },
    Curve {
        name: "P-384",
        algorithm: Algorithm::ES384,
        coordinate_bytes: 48,
        verification: &ECDSA_P384_SHA384_FIXED,
    },
];

pub(super) fn from_jwk(members: &Members<'_>) -> Result<Key, KeyError> {
    members.check_public()?;
    let name = members.text("crv")?.ok_or(KeyError::Missing("crv"))?;
    let curve = CURVES.iter().find(|curve| curve.name == name);
    let curve = curve.ok_or(KeyError::UnknownCurve)?;
    if members
        .algorithm()?
        .is_some_and(|alg| alg != curve.algorithm)
    {
        return Err(KeyError::WrongAlgorithm);
    }
    from_point(curve, &members.bytes("x")?, &members.bytes("y")?)
}

/// Takes an uncompressed point (SEC 1 section 2.3.3), as aws-lc gives it for a key pair.
pub(super) fn from_uncompressed(algorithm: Algorithm, point: &[u8]) -> Result<Key, KeyError> {
    let curve = CURVES.iter().find(|curve| curve.algorithm == algorithm);
    let curve = curve.ok_or(KeyError::WrongAlgorithm)?;
    let (_, coordinates) = point.split_first().ok_or(KeyError::NotOnCurve)?;
    let halves = coordinates.split_at_checked(curve.coordinate_bytes);
    let (x, y) = halves.ok_or(KeyError::NotOnCurve)?;
    from_point(curve, x, y)
}

fn from_point(curve: &Curve, x: &[u8], y: &[u8]) -> Result<Key, KeyError> {
    // The full length, leading zeros included (section 6.2.1.2).
    for (name, coordinate) in [("x", x), ("y", y)] {
        if coordinate.len() != curve.coordinate_bytes {
            return Err(KeyError::Malformed(name));
        }
    }
    let point = [&[4], x, y].concat();
    // aws-lc checks that both are below the field's prime and that the point is on the curve.
    ParsedPublicKey::new(curve.verification, &point).map_err(|_| KeyError::NotOnCurve)?;
    let public = format!(
        r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
        curve.name,
        base64url::encode(x),
        base64url::encode(y)
    );
    let decoding = DecodingKey::from_ec_der(&point);
    Ok(Key::public(curve.algorithm, decoding, public))
}
