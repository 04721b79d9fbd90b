//! When events are received, and when they happened.

use authguard_token::{EVENT_WINDOW_SECONDS, EventError, EventPolicy, TokenError};
use serde_json::{Value, json};

use crate::support::{CAEP, LOGOUT, SECEVENT, event, policy, received, verify_by};

const ISSUED: i64 = 1_700_000_000_000_000;
const SECOND: i64 = 1_000_000;

/// Receives a logout at `now`, with a leeway of 30 seconds.
fn at(now: i64, changes: Value) -> Option<EventError> {
    let mut all = json!({"sub": "alice"});
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    let payload = event(crate::support::BACKCHANNEL, json!({}), all);
    verify_by(&policy(), LOGOUT, &payload, now).err()
}

#[test]
fn an_event_is_received_within_the_window() {
    let window = EVENT_WINDOW_SECONDS * SECOND;
    let none = || json!({});
    assert_eq!(at(ISSUED + window, none()), None);
    assert_eq!(at(ISSUED + window + 1, none()), Some(EventError::TooOld));
    assert_eq!(at(ISSUED - 30 * SECOND, none()), None);
    let in_future = Some(EventError::Token(TokenError::IssuedInFuture));
    assert_eq!(at(ISSUED - 30 * SECOND - 1, none()), in_future);
    assert_eq!(at(i64::MIN, none()), in_future);
    assert_eq!(at(i64::MAX, none()), Some(EventError::TooOld));
    let forgotten = EventPolicy {
        forgotten_until: ISSUED,
        ..policy()
    };
    let receive = |at: i64| {
        let changes = json!({"sub": "alice", "iat": at});
        let payload = event(crate::support::BACKCHANNEL, json!({}), changes);
        verify_by(&forgotten, LOGOUT, &payload, ISSUED + SECOND).err()
    };
    assert_eq!(receive(1_700_000_000), Some(EventError::TooOld));
    assert_eq!(receive(1_700_000_001), None);
    // Milliseconds.
    assert_eq!(at(ISSUED, json!({"iat": 1_700_000_000_000_i64})), in_future);
}

#[test]
fn an_event_ends_if_it_says_so() {
    let expired = Some(EventError::Token(TokenError::Expired));
    let short = || json!({"exp": 1_700_000_120});
    assert_eq!(at(ISSUED + 150 * SECOND - 1, short()), None);
    assert_eq!(at(ISSUED + 150 * SECOND, short()), expired);
    let later = || json!({"nbf": 1_700_000_060});
    assert_eq!(at(ISSUED + 30 * SECOND, later()), None);
    assert_eq!(
        at(ISSUED + 30 * SECOND - 1, later()),
        Some(EventError::Token(TokenError::NotYetValid))
    );
}

#[test]
fn an_event_happened_when_it_says_but_never_later_than_now() {
    let name = format!("{CAEP}credential-change");
    let alice = json!({"sub": "alice"});
    let happened = |event: Value, changes: Value| {
        let mut all = alice.clone();
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        received(&name, event, all).happened_at
    };
    let stamp = |at: i64| json!({"event_timestamp": at});
    assert_eq!(happened(json!({}), json!({})), ISSUED);
    assert_eq!(
        happened(json!({}), json!({"toe": 1_699_999_990})),
        ISSUED - 10 * SECOND
    );
    assert_eq!(
        happened(stamp(1_699_999_980), json!({"toe": 1_699_999_990})),
        ISSUED - 20 * SECOND
    );
    assert_eq!(
        happened(json!({"event_timestamp": null}), json!({})),
        ISSUED
    );
    // Received at ISSUED + 10 s. An early draft of CAEP had milliseconds.
    for late in [1_700_000_011, 1_700_000_000_000, i64::MAX] {
        assert_eq!(happened(stamp(late), json!({})), ISSUED + 10 * SECOND);
    }
    assert_eq!(happened(stamp(i64::MIN), json!({})), 0);
    // The issuer's clock may be ahead.
    let payload = event(&name, json!({}), alice);
    let early = verify_by(&policy(), SECEVENT, &payload, ISSUED - 5 * SECOND).unwrap();
    assert_eq!(early.events[0].happened_at, ISSUED - 5 * SECOND);
    assert_eq!(early.issued_at, ISSUED);
}
