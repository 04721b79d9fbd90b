//! Tokens that are not ours: each is refused, by the checksum where it was not made again, by the
//! MAC where it was.

use authguard_token::refresh::{RefreshKey, RefreshToken, RefreshTokenError};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use crate::support::{SESSION, key};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn minted() -> String {
    RefreshToken::mint(&key(1), SESSION, 42)
}

fn bytes_of(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// What a forger can do without the key: any bytes, and the checksum to them.
fn with_checksum(bytes: &[u8]) -> String {
    let sum = digest(&SHA256, &bytes[..41]);
    URL_SAFE_NO_PAD.encode([&bytes[..41], &sum.as_ref()[..4]].concat())
}

fn opens(text: &str, key: &RefreshKey) -> bool {
    RefreshToken::read(text).is_ok_and(|token| token.verify(key).is_some())
}

#[test]
fn the_forger_s_checksum_is_ours() {
    assert_eq!(with_checksum(&bytes_of(&minted())), minted());
}

#[test]
fn any_flipped_bit_is_refused_before_any_look_up() {
    let good = bytes_of(&minted());
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = RefreshToken::read(&URL_SAFE_NO_PAD.encode(bytes)).unwrap_err();
        let expected = if bit < 8 {
            RefreshTokenError::Version
        } else {
            RefreshTokenError::Checksum
        };
        assert_eq!(error, expected, "bit {bit}");
    }
}

#[test]
fn any_flipped_bit_with_a_good_checksum_is_refused_by_the_mac() {
    let good = bytes_of(&minted());
    for bit in 8..41 * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let token = RefreshToken::read(&with_checksum(&bytes)).unwrap();
        assert_eq!(token.verify(&key(1)), None, "bit {bit}");
    }
}

#[test]
fn any_other_character_is_refused() {
    let good = minted();
    for at in 0..good.len() {
        for other in (0_u8..128).filter(|other| *other != good.as_bytes()[at]) {
            let mut text = good.clone().into_bytes();
            text[at] = other;
            let text = String::from_utf8(text).unwrap();
            let read = RefreshToken::read(&text);
            assert!(read.is_err(), "{other} at {at}");
            if !ALPHABET.contains(&other) {
                assert_eq!(
                    read.unwrap_err(),
                    RefreshTokenError::Form,
                    "{other} at {at}"
                );
            }
        }
    }
}

#[test]
fn a_token_of_another_key_is_refused() {
    assert!(opens(&minted(), &key(1)));
    assert!(!opens(&minted(), &key(2)));
    // The first and the last byte of a key count.
    for at in [0, 31] {
        let mut bytes = *key(1).as_bytes();
        bytes[at] ^= 1;
        assert!(
            !opens(&minted(), &RefreshKey::from_bytes(&bytes).unwrap()),
            "{at}"
        );
    }
}

#[test]
fn while_keys_change_both_open() {
    let (old, new) = (key(1), key(2));
    let live = [&new, &old];
    for minted_by in live {
        let text = RefreshToken::mint(minted_by, SESSION, 42);
        let read = RefreshToken::read(&text).unwrap();
        let token = live.iter().find_map(|key| read.verify(key));
        assert_eq!(token.map(|token| token.counter), Some(42));
    }
}

#[test]
fn the_mac_of_another_session_or_counter_is_refused() {
    let good = bytes_of(&minted());
    let mut other_session = SESSION;
    other_session[15] ^= 1;
    for (session, counter) in [
        (other_session, 42),
        (SESSION, 43),
        (SESSION, 41),
        ([0; 16], 42),
    ] {
        let other = bytes_of(&RefreshToken::mint(&key(1), session, counter));
        let spliced = [&good[..25], &other[25..41]].concat();
        let text = with_checksum(&spliced);
        assert!(RefreshToken::read(&text).is_ok());
        assert!(!opens(&text, &key(1)), "{counter}");
    }
}

#[test]
fn a_forger_s_macs_are_refused() {
    let good = bytes_of(&minted());
    let signed = &good[..25];
    let hmac = |key: &[u8], message: &[u8]| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
            .as_ref()
            .to_vec()
    };
    for (how, mac) in [
        ("nothing", vec![0; 16]),
        ("ones", vec![0xff; 16]),
        ("no key", hmac(b"", signed)),
        ("a key of zeros", hmac(&[0; 32], signed)),
        ("a hash", digest(&SHA256, signed).as_ref().to_vec()),
        // A key that signs something else does not sign this.
        ("no domain", hmac(key(1).as_bytes(), signed)),
    ] {
        let text = with_checksum(&[signed, &mac[..16]].concat());
        assert!(RefreshToken::read(&text).is_ok(), "{how}");
        assert!(!opens(&text, &key(1)), "{how}");
    }
}

proptest! {
    #[test]
    fn of_any_token_no_other_character_will_do(
        session: [u8; 16],
        counter: u64,
        at in 0_usize..60,
        other in any::<char>(),
    ) {
        let key = key(9);
        let good = RefreshToken::mint(&key, session, counter);
        let mut characters: Vec<char> = good.chars().collect();
        prop_assume!(characters[at] != other);
        characters[at] = other;
        prop_assert!(!opens(&characters.into_iter().collect::<String>(), &key));
    }

    #[test]
    fn of_any_token_no_cut_will_do(session: [u8; 16], counter: u64, from in 0_usize..60, to in 0_usize..60) {
        let good = RefreshToken::mint(&key(9), session, counter);
        let cut = good.get(from..to).unwrap_or_default();
        prop_assert!(!opens(cut, &key(9)));
    }
}
