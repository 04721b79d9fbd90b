//! Checks an Ed25519 public key: its 32 bytes must be a canonical point (RFC 8032 section 5.1.3) on
//! the curve, and not of small order.

use super::KeyError;

/// 2^255 - 19, little-endian.
const PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// The `y` of every point of order 1, 2, 4 or 8, little-endian.
const SMALL_ORDER: [[u8; 32]; 5] = [
    little_endian(0),
    little_endian(1),
    {
        let mut minus_one = PRIME;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

const fn little_endian(low: u8) -> [u8; 32] {
    let mut number = [0; 32];
    number[0] = low;
    number
}

pub(super) fn judge(point: &[u8; 32]) -> Result<(), KeyError> {
    let mut y = *point;
    // The top bit is the sign of x.
    if let Some(top) = y.last_mut() {
        *top &= 0x7f;
    }
    if y.iter().rev().ge(PRIME.iter().rev()) {
        return Err(KeyError::NotOnCurve);
    }
    if SMALL_ORDER.contains(&y) {
        return Err(KeyError::SmallOrder);
    }
    if !is_on_curve(&y) {
        return Err(KeyError::NotOnCurve);
    }
    Ok(())
}

/// A number below 2^256, of which only the remainder by 2^255 - 19 matters; the lowest 64 bits
/// first.
type Field = [u64; 4];

const ONE: Field = [1, 0, 0, 0];
const MINUS_ONE: Field = [!19, !0, !0, !0 >> 1];
/// The `d` of the curve (RFC 8032 section 5.1).
const D: Field = [
    0x75eb_4dca_1359_78a3,
    0x0070_0a4d_4141_d8ab,
    0x8cc7_4079_7779_e898,
    0x5203_6cee_2b6f_fe73,
];

/// Returns true if x^2 = (y^2 - 1) / (d y^2 + 1) has a solution. aws-lc finds out only when it
/// verifies, and every token of such a key would be refused without a reason.
fn is_on_curve(y: &[u8; 32]) -> bool {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(y.as_chunks().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    let square = times(&limbs, &limbs);
    // A quotient is a square if and only if the product is.
    is_square(&times(
        &plus(&square, &MINUS_ONE),
        &plus(&times(&D, &square), &ONE),
    ))
}

/// Euler's criterion, for a number other than zero: the power of (p - 1) / 2 = 2^254 - 10 is one.
fn is_square(number: &Field) -> bool {
    let mut power = ONE;
    for bit in (0..254).rev() {
        power = times(&power, &power);
        if bit != 0 && bit != 3 {
            power = times(&power, number);
        }
    }
    // One is here 1, or 1 plus once or twice the prime.
    [ONE, [!17, !0, !0, !0 >> 1], [!36, !0, !0, !0]].contains(&power)
}

fn plus(a: &Field, b: &Field) -> Field {
    let mut sum = *a;
    let carry = add(&mut sum, b.iter().map(|limb| u128::from(*limb)));
    fold(sum, carry)
}

fn times(a: &Field, b: &Field) -> Field {
    let mut product = [0; 8];
    for (place, limb) in a.iter().enumerate() {
        let row = b.iter().chain([&0]);
        let row = row.map(|other| u128::from(*limb).wrapping_mul(u128::from(*other)));
        add(product.iter_mut().skip(place), row);
    }
    let [a, b, c, d, high @ ..] = product;
    let mut low = [a, b, c, d];
    let carry = add(&mut low, high.map(|limb| u128::from(limb).wrapping_mul(38)));
    fold(low, carry)
}

/// Takes a carry of 2^256 back in: that is 38 modulo the prime.
fn fold(mut low: Field, mut carry: u128) -> Field {
    while carry != 0 {
        carry = add(&mut low, [carry.wrapping_mul(38)]);
    }
    low
}

/// Adds to each limb a number of at most 128 bits, and gives the carry out of the last limb.
fn add<'l>(
    limbs: impl IntoIterator<Item = &'l mut u64>,
    numbers: impl IntoIterator<Item = u128>,
) -> u128 {
    let numbers = numbers.into_iter().chain(std::iter::repeat(0));
    limbs
        .into_iter()
        .zip(numbers)
        .fold(0, |carry, (limb, number)| {
            // At most (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
            let sum = number.wrapping_add(u128::from(*limb)).wrapping_add(carry);
            *limb = sum as u64;
            sum >> 64
        })
}

#[cfg(test)]
mod tests {
    use super::{KeyError, judge};

    /// The small `y`, as `x^2 (d y^2 + 1) = y^2 - 1` was solved for them by other means.
    #[test]
    fn a_y_that_no_point_has_is_refused() {
        for y in 2..=40 {
            let mut point = [0; 32];
            point[0] = y;
            let expected = if ON_CURVE.contains(&y) {
                Ok(())
            } else {
                Err(KeyError::NotOnCurve)
            };
            assert_eq!(judge(&point), expected, "{y}");
        }
    }

    const ON_CURVE: [u8; 26] = [
        3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 19, 21, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 35, 37,
        39, 40,
    ];
}
