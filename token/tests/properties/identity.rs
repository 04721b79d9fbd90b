//! Of any UUID and any text: every spelling has one form, and the form is final.

use authguard_token::{canonical, format_uuid, parse_uuid};
use proptest::prelude::*;

/// Any spelling of these bytes: braces, case and each allowed dash at will.
fn spell(uuid: [u8; 16], braces: bool, upper: u32, dashes: u8) -> String {
    let mut text = String::new();
    for (index, digit) in uuid
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .enumerate()
    {
        if index > 0 && index % 4 == 0 && dashes >> (index / 4 - 1) & 1 == 1 {
            text.push('-');
        }
        let digit = char::from_digit(digit.into(), 16).unwrap();
        text.push(if upper >> index & 1 == 1 {
            digit.to_ascii_uppercase()
        } else {
            digit
        });
    }
    if braces { format!("{{{text}}}") } else { text }
}

proptest! {
    #[test]
    fn every_spelling_of_a_uuid_has_one_form(uuid: [u8; 16], braces: bool, upper: u32, dashes: u8) {
        let text = spell(uuid, braces, upper, dashes);
        let form = canonical(&text);
        prop_assert_eq!(parse_uuid(&text), Some(uuid));
        prop_assert_eq!(&form, &spell(uuid, false, 0, 0b001_1110));
        prop_assert_eq!(&form, &format_uuid(&uuid));
    }

    #[test]
    fn different_uuids_stay_different(a: [u8; 16], b: [u8; 16]) {
        prop_assert_eq!(a == b, format_uuid(&a) == format_uuid(&b));
    }

    #[test]
    fn canonical_is_idempotent(text in "(?s)\\{?[0-9a-fA-F-]{0,40}\\}?|.{0,60}") {
        let once = canonical(&text).into_owned();
        prop_assert_eq!(canonical(&once), once.as_str());
        prop_assert!(parse_uuid(&text).is_some() || once == text);
    }
}
