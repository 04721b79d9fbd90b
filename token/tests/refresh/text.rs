//! The text of a token: what is minted is read, and nothing else is.

use authguard_token::refresh::{RefreshKey, RefreshToken, RefreshTokenError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use crate::support::{SESSION, key};

#[test]
fn what_is_minted_is_read_again() {
    for counter in [0, 1, 255, 256, u64::from(u32::MAX) + 1, u64::MAX] {
        let text = RefreshToken::mint(&key(1), SESSION, counter);
        let token = RefreshToken::read(&text).unwrap().verify(&key(1));
        let expected = RefreshToken {
            session_id: SESSION,
            counter,
        };
        assert_eq!(token, Some(expected), "{counter}");
    }
}

/// Made with Python's hmac, hashlib and base64: the format does not change by accident.
#[test]
fn the_format_is_the_published_one() {
    let text = RefreshToken::mint(&key(1), SESSION, 42);
    assert_eq!(
        text,
        "AaDuvJmcC074u21rub04ChEAAAAAAAAAKmrnwWJidk-w6UkOnkh3PHNG7TVV"
    );
}

#[test]
fn two_tabs_get_the_same_text() {
    let mint = || RefreshToken::mint(&key(1), SESSION, 42);
    assert_eq!(mint(), mint());
}

#[test]
fn other_spellings_are_refused() {
    let text = RefreshToken::mint(&key(1), SESSION, 42);
    for other in [
        String::new(),
        "junk".to_owned(),
        text.to_uppercase(),
        text.to_lowercase(),
        format!("{text}="),
        format!("{text}===="),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{text}A"),
        text.repeat(2),
        text[..59].to_owned(),
        text[1..].to_owned(),
        text[4..].to_owned(),
        format!("{}=", &text[..59]),
        format!("{}\n", &text[..59]),
        format!("{}\u{e9}", &text[..58]),
        format!("{}%3D", &text[..57]),
        "A".repeat(60),
        "A".repeat(1 << 20),
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA".to_owned(),
    ] {
        assert!(RefreshToken::read(&other).is_err(), "{other}");
    }
    // The alphabet of plain base64, where the text has the other.
    let (dashed, slashed) = (0..u64::MAX)
        .map(|counter| RefreshToken::mint(&key(1), SESSION, counter))
        .map(|text| (text.clone(), text.replace('-', "+").replace('_', "/")))
        .find(|(text, other)| text != other)
        .unwrap();
    assert!(RefreshToken::read(&dashed).is_ok());
    assert_eq!(
        RefreshToken::read(&slashed).unwrap_err(),
        RefreshTokenError::Form
    );
}

#[test]
fn each_error_has_its_cause() {
    let good = URL_SAFE_NO_PAD
        .decode(RefreshToken::mint(&key(1), SESSION, 42))
        .unwrap();
    let error = |bytes: &[u8]| RefreshToken::read(&URL_SAFE_NO_PAD.encode(bytes)).err();
    assert_eq!(error(&good), None);
    assert_eq!(error(&good[..44]), Some(RefreshTokenError::Form));
    for version in [0, 2, 255] {
        let mut other = good.clone();
        other[0] = version;
        assert_eq!(error(&other), Some(RefreshTokenError::Version), "{version}");
    }
    assert_eq!(error(&[1; 45]), Some(RefreshTokenError::Checksum));
}

#[test]
fn nothing_shows_a_secret() {
    let key = key(65);
    assert_eq!(format!("{key:?}"), "RefreshKey { .. }");
    let text = RefreshToken::mint(&key, SESSION, 42);
    let unchecked = RefreshToken::read(&text).unwrap();
    assert_eq!(format!("{unchecked:?}"), "Unchecked { .. }");
    for error in [
        RefreshTokenError::Form,
        RefreshTokenError::Version,
        RefreshTokenError::Checksum,
    ] {
        assert!(error.to_string().starts_with("the refresh token "));
    }
}

#[test]
fn keys_have_32_bytes_and_no_two_are_the_same() {
    for length in [0, 16, 31, 33, 64] {
        assert!(
            RefreshKey::from_bytes(&vec![7; length]).is_none(),
            "{length}"
        );
    }
    let (one, other) = (
        RefreshKey::generate().unwrap(),
        RefreshKey::generate().unwrap(),
    );
    assert_ne!(one.as_bytes(), other.as_bytes());
    assert_ne!(one.as_bytes(), &[0; 32]);
    let stored = RefreshKey::from_bytes(one.as_bytes()).unwrap();
    let text = RefreshToken::mint(&one, SESSION, 1);
    let read = RefreshToken::read(&text).unwrap();
    assert!(read.verify(&stored).is_some());
    assert!(read.verify(&other).is_none());
}

proptest! {
    #[test]
    fn any_session_and_counter_are_read_again(session: [u8; 16], counter: u64, seed: [u8; 32]) {
        let key = RefreshKey::from_bytes(&seed).unwrap();
        let text = RefreshToken::mint(&key, session, counter);
        prop_assert_eq!(text.len(), 60);
        let token = RefreshToken::read(&text).unwrap().verify(&key).unwrap();
        prop_assert_eq!((token.session_id, token.counter), (session, counter));
    }

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        prop_assert!(RefreshToken::read(&text).is_err());
    }

    #[test]
    fn no_sixty_characters_panic(text in "AQ?[A-Za-z0-9_-]{58,59}") {
        prop_assert!(RefreshToken::read(&text).is_err());
    }
}
