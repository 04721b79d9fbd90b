//! Tokens with events as a test wants them, signed with a secret.

use authguard_token::{
    Algorithm, EventAction, EventError, EventPolicy, EventToken, Key, ReceivedEvent, ReceivedEvents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub const SECRET: &[u8] = b"a secret of 64 bytes, which is enough for every hash that we use";
pub const LOGOUT: &str = "logout+jwt";
pub const SECEVENT: &str = "secevent+jwt";
pub const ISSUER: &str = "https://idp.example";
/// Ten seconds after the events of [`event`].
pub const NOW: i64 = 1_700_000_010_000_000;

pub fn key() -> Key {
    Key::from_secret(SECRET, Algorithm::HS256).unwrap()
}

pub fn sign(header: &Value, payload: &Value) -> String {
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", encode(header), encode(payload));
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub fn policy() -> EventPolicy {
    EventPolicy {
        issuer: ISSUER.to_owned(),
        audience: vec!["app".to_owned()],
        emails: false,
        forgotten_until: i64::MIN,
        leeway: 30,
    }
}

/// Verifies claims that are signed with this `typ`.
pub fn verify_by(
    policy: &EventPolicy,
    typ: &str,
    payload: &Value,
    now: i64,
) -> Result<ReceivedEvents, EventError> {
    let token = sign(&json!({"alg": "HS256", "typ": typ}), payload);
    EventToken::parse(&token, 8192)?.verify(&key(), policy, now)
}

pub fn verify(typ: &str, payload: &Value) -> Result<ReceivedEvents, EventError> {
    verify_by(&policy(), typ, payload, NOW)
}

/// A payload with one event.
pub fn event(name: &str, event: Value, changes: Value) -> Value {
    let mut payload = json!({
        "iss": ISSUER, "aud": "app", "iat": 1_700_000_000, "jti": "e-1", "events": {name: event},
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::String(word) if word == "absent" => {
                payload.as_object_mut().unwrap().remove(name);
            }
            value => payload[name] = value.clone(),
        }
    }
    payload
}

pub const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
pub const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";
pub const BACKCHANNEL: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The only event of a security event token.
pub fn received(name: &str, of: Value, changes: Value) -> ReceivedEvent {
    one(verify(SECEVENT, &event(name, of, changes)))
}

pub fn one(received: Result<ReceivedEvents, EventError>) -> ReceivedEvent {
    let mut events = received.unwrap().events;
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// What an event does, to whom: action, user, session.
pub fn summary(event: &ReceivedEvent) -> (EventAction, Option<&str>, Option<&str>) {
    (
        event.action,
        event.user.as_deref(),
        event.session.as_deref(),
    )
}
