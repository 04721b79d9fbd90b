//! What is accepted here, Postgres's `jsonb` accepts too, and reads as the same values.
//!
//! `jsonb/accepted.jsonl` has a payload a line and `jsonb/read.jsonl` what the strict parser made
//! of it. A test in a server (`src/pg/jsonb.rs`) makes `jsonb` of the former in both ways.
//! `jsonb/refused.jsonl` has what never gets there.

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
