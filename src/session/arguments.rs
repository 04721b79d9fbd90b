//! What a session is begun and changed with, and what of it is refused.

use crate::error::Error;
use crate::pg::memory;
use crate::settings;
use authguard_token::{Aal, ClaimsError, JsonError, Node, Object};
use pgrx::AnyElement;
use pgrx::prelude::*;

const MAX_METHOD: usize = 64;

/// What a claim of a session's tokens may not be given as, because authguard sets it.
const RESERVED: [&str; 11] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "session_id",
    "aal",
    "amr",
    "auth_time",
];

/// Raises an error where claims (JSON) that tokens get beside those that authguard sets are no
/// object, or hold one of these, or what no token may hold.
pub fn claims(json: Option<&str>) {
    let refuse = |why: String, hint| Error::Argument(why, hint).raise();
    match json.map(Object::parse) {
        None | Some(Err(JsonError::NotAnObject)) => {
            refuse("claims must be a JSON object".to_owned(), None)
        }
        Some(Err(error)) => Error::BadClaims(ClaimsError::Json(error).to_string()).raise(),
        Some(Ok(claims)) => {
            if let Some(name) = RESERVED.into_iter().find(|name| claims.get(name).is_some()) {
                refuse(
                    format!("claim '{name}' is reserved"),
                    Some("It is set by authguard."),
                )
            }
        }
    }
}

/// An authenticator assurance level, at least `authguard.min_aal`; an error otherwise.
pub fn level(aal: Option<&str>) -> Aal {
    let Some(level) = aal.and_then(Aal::from_name) else {
        Error::Argument(format!("aal must be {}", Aal::listed()), None).raise()
    };
    if Some(level) < settings::min_aal() {
        Error::Argument(
            format!("level '{}' is below authguard.min_aal", level.as_str()),
            Some("Ask the user for another factor first."),
        )
        .raise();
    }
    level
}

/// An authentication method (RFC 8176); an error where it is none.
pub fn method(method: Option<&str>) -> &str {
    match method {
        Some(method) if (1..=MAX_METHOD).contains(&method.len()) => method,
        _ => Error::Argument(
            format!("method must have 1 to {MAX_METHOD} bytes"),
            Some("Such as password, otp or totp (RFC 8176)."),
        )
        .raise(),
    }
}

/// Claim `amr`, a JSON array, with a method as the newest, proved at that second. Each method is in
/// it once, so that tokens do not grow.
pub fn add_method(amr: &str, method: &str, second: i64) -> String {
    let second = second.to_string();
    let mut newest = Object::default();
    newest.set("method", method);
    newest.set("timestamp", Node::Number(&second));
    let mut all = vec![Node::Object(newest)];
    if let Ok(Node::Array(earlier)) = Node::parse(amr) {
        let named = Node::from(method);
        all.extend(earlier.into_iter().filter(|entry| match entry {
            Node::Object(entry) => entry.get("method") != Some(&named),
            _ => true,
        }));
    }
    Node::Array(all).to_json()
}

#[pg_extern(sql = false)]
fn authguard_check_claims(json: Option<AnyElement>) {
    claims(json.map(|json| memory::jsonb_text(json.datum())).as_deref());
}
