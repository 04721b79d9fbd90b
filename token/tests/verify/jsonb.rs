//! What is accepted here, Postgres's `jsonb` accepts too, and reads as the same values.
//!
//! `jsonb/accepted.jsonl` has a payload a line and `jsonb/read.jsonl` what the strict parser made of it. A test
//! with a server casts line by line: the two are equal as `jsonb`, and no cast fails. `jsonb/refused.jsonl` has
//! what never reaches the cast.

use authguard_token::{Claims, parse_object};
use serde_json::Value;

const ACCEPTED: &str = include_str!("jsonb/accepted.jsonl");
const READ: &str = include_str!("jsonb/read.jsonl");
const REFUSED: &str = include_str!("jsonb/refused.jsonl");

#[test]
fn accepted_payloads_are_read_as_written_down() {
    assert_eq!(ACCEPTED.lines().count(), READ.lines().count());
    assert!(ACCEPTED.lines().count() >= 40);
    for (payload, expected) in ACCEPTED.lines().zip(READ.lines()) {
        let object = parse_object(payload);
        let object = object.unwrap_or_else(|error| panic!("{payload}: {error}"));
        assert_eq!(Value::Object(object).to_string(), expected, "{payload}");
        assert!(Claims::parse(payload).is_ok(), "{payload}");
    }
}

#[test]
fn refused_payloads_are_refused() {
    assert!(REFUSED.lines().count() >= 20);
    for payload in REFUSED.lines() {
        assert!(parse_object(payload).is_err(), "{payload}");
        assert!(Claims::parse(payload).is_err(), "{payload}");
    }
}
