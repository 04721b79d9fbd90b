//! One canonical form: no spelling of an identity walks past a revocation of another spelling.

use std::borrow::Cow;

use authguard_token::{canonical, format_uuid, parse_uuid, random_uuid};

const USUAL: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

#[test]
fn every_spelling_that_postgres_takes_is_read() {
    for text in [
        USUAL,
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "a0EEbc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
        "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
        "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
        "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
        // As long as the usual form, and yet another.
        "a0ee-bc99-9c0b-4ef8-bb6d6bb9bd380a11",
        "{a0eebc999c0b-4ef8bb6d-6bb9bd380a11}",
    ] {
        assert_eq!(canonical(text), USUAL, "{text}");
        assert_eq!(
            parse_uuid(text).map(|uuid| format_uuid(&uuid)).as_deref(),
            Some(USUAL)
        );
    }
}

#[test]
fn what_postgres_refuses_is_no_uuid_and_stays_as_it_is() {
    for text in [
        "",
        "{}",
        "{",
        "alice",
        "Alice@Example.com",
        " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}}",
        "(a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11)",
        "-a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
        "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0-eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0e-ebc999c0b4ef8bb6d6bb9bd380a11",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a112",
        "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "+0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0eebc99\u{2010}9c0b\u{2010}4ef8\u{2010}bb6d\u{2010}6bb9bd380a11",
        "\u{ff41}0eebc999c0b4ef8bb6d6bb9bd380a11",
        "urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ] {
        assert_eq!(parse_uuid(text), None, "{text}");
        assert_eq!(canonical(text), text);
    }
}

#[test]
fn the_usual_form_is_not_copied() {
    assert!(matches!(canonical(USUAL), Cow::Borrowed(_)));
    assert!(matches!(canonical("alice"), Cow::Borrowed(_)));
}

/// RFC 9562 section 5.4.
#[test]
fn a_random_uuid_says_so_and_is_another_each_time() {
    let all: std::collections::BTreeSet<_> = (0..1000).map(|_| random_uuid().unwrap()).collect();
    assert_eq!(all.len(), 1000);
    for (place, fixed) in [(6, (0xf0, 0x40)), (8, (0xc0, 0x80))] {
        assert!(all.iter().all(|uuid| uuid[place] & fixed.0 == fixed.1));
    }
    // All other bits are set in some and not in others.
    let [any, every] = all.iter().fold([[0; 16], [255; 16]], |[any, every], uuid| {
        [
            std::array::from_fn(|at| any[at] | uuid[at]),
            std::array::from_fn(|at| every[at] & uuid[at]),
        ]
    });
    let varied: u32 = (0..16)
        .map(|at: usize| (any[at] ^ every[at]).count_ones())
        .sum();
    assert_eq!(varied, 122);
}
