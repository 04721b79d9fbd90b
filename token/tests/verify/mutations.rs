//! A token is what was signed: a change of any one byte of it is refused.

use proptest::prelude::*;

use crate::signers::{Signer, all};

/// Characters with a meaning somewhere on the way of a token.
const INSERTED: [char; 14] = [
    'A', '9', '-', '_', '+', '/', '=', '.', ' ', '\n', '\0', '%', '"', 'é',
];

/// Every text that is one edit away from this one.
pub fn neighbours(token: &str) -> impl Iterator<Item = (String, String)> {
    let at = move |position: usize| (&token[..position], &token[position..]);
    let flips = (0..token.len()).flat_map(move |position| {
        (0..8).map(move |bit| {
            let (before, after) = at(position);
            // A byte above 127 is no text by itself, so it is taken as that character.
            let flipped = char::from(after.as_bytes()[0] ^ 1 << bit);
            let text = format!("{before}{flipped}{}", &after[1..]);
            (format!("bit {bit} of byte {position}"), text)
        })
    });
    let inserts = (0..=token.len()).flat_map(move |position| {
        INSERTED.into_iter().map(move |inserted| {
            let (before, after) = at(position);
            let text = format!("{before}{inserted}{after}");
            (format!("{inserted:?} before byte {position}"), text)
        })
    });
    let edits = (0..token.len()).flat_map(move |position| {
        let (before, after) = at(position);
        let (this, rest) = after.split_at(1);
        let other = if this.chars().all(char::is_uppercase) {
            this.to_lowercase()
        } else {
            this.to_uppercase()
        };
        [
            (
                format!("without byte {position}"),
                format!("{before}{rest}"),
            ),
            (
                format!("byte {position} twice"),
                format!("{before}{this}{this}{rest}"),
            ),
            (
                format!("byte {position} in the other case"),
                format!("{before}{other}{rest}"),
            ),
            (format!("up to byte {position}"), before.to_owned()),
            (format!("from byte {position}"), after[1..].to_owned()),
        ]
    });
    let ends = ["==", "===", "====", ".", "..", "\r\n", "AA", "AAAA"];
    let ends = ends.map(|end| (format!("with {end:?} at the end"), format!("{token}{end}")));
    flips.chain(inserts).chain(edits).chain(ends)
}

#[test]
fn one_edit_anywhere_is_refused() {
    for signer in all() {
        let token = signer.token();
        assert!(signer.judge(&token).is_ok(), "{}", signer.algorithm);
        let mut tried = 0;
        for (edit, other) in neighbours(&token).filter(|(_, other)| *other != token) {
            tried += 1;
            assert!(
                signer.verify(&other).is_err(),
                "{}: {edit}: {other}",
                signer.algorithm
            );
            assert!(
                signer.judge(&other).is_err(),
                "{}: {edit}: {other}",
                signer.algorithm
            );
        }
        // 8 bits, 14 inserts, the byte away and twice, two cuts; the other case where there is one.
        assert!(tried >= token.len() * 26, "{tried} of {}", token.len());
    }
}

/// A place in the token, and what comes there instead.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, String)>> {
    let text = "[A-Za-z0-9_.=+/ -]{0,3}";
    prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, text), 1..5)
}

fn edited(token: &str, edits: &[(prop::sample::Index, u8, String)]) -> String {
    let mut bytes = token.as_bytes().to_vec();
    for (place, removed, inserted) in edits {
        let from = place.index(bytes.len() + 1);
        let to = (from + usize::from(*removed)).min(bytes.len());
        bytes.splice(from..to, inserted.bytes());
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn several_edits_are_refused(number in 0..12_usize, edits in edits()) {
        let signer: &Signer = &all()[number];
        let token = signer.token();
        let other = edited(&token, &edits);
        prop_assert_eq!(signer.judge(&other).is_ok(), other == token, "{}", other);
    }
}
