//! The values that a session begins and changes with, and the checks that refuse bad ones.

use crate::error::Error;
use crate::pg::{memory, shortage};
use crate::settings;
use authguard_token::{Aal, ClaimsError, JsonError, Node, Object, memory_for_json};
use pgrx::AnyElement;
use pgrx::prelude::*;

const MAX_METHOD: usize = 64;

/// The claims that authguard sets in each token of a session. Nobody may give them.
const RESERVED: [&str; 9] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "session_id",
    "aal",
    "amr",
];

/// The claims that no token of a session has: they could contradict those that authguard sets.
const NEVER: [&str; 2] = ["nbf", "auth_time"];

/// Checks the claims (JSON) that tokens get beside those that authguard sets. Raises an error if
/// they are no object, or hold a reserved claim, or something that no token may hold.
pub fn claims(json: Option<&str>) {
    let refuse = |why: String, hint| Error::Argument(why, hint).raise();
    shortage::require(json.map_or(0, memory_for_json));
    match json.map(Object::parse) {
        None | Some(Err(JsonError::NotAnObject)) => {
            refuse("claims must be a JSON object".to_owned(), None)
        }
        Some(Err(error)) => Error::BadClaims(ClaimsError::Json(error).to_string()).raise(),
        Some(Ok(claims)) => {
            for (names, hint) in [
                (&RESERVED[..], "It is set by authguard."),
                (&NEVER, "The times of a session are in iat, exp and amr."),
            ] {
                if let Some(name) = names.iter().find(|name| claims.get(name).is_some()) {
                    refuse(format!("claim '{name}' is reserved"), Some(hint))
                }
            }
        }
    }
}

/// The authenticator assurance level of that name. Raises an error if it is below
/// `authguard.min_aal`, or is no level.
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

/// An authentication method (RFC 8176). Raises an error if it is none.
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

/// Claim `amr`, a JSON array, with `method` added as the newest, proved at that second. Each method
/// is in it once, so that tokens do not grow.
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
