//! The answer of token introspection (RFC 7662 section 2.2) about an access token.

use crate::claims::Claims;
use crate::json::{Node, Object};
use crate::time::MICROS_PER_SECOND;

/// The members that the answer has as a string, or not at all.
const OF_ONE_TYPE: [&str; 2] = ["scope", "client_id"];

/// Shows to `see` the answer about a token that is active: its claims, and the members that the
/// standard names. `payload` are all claims of the token, `claims` those that were read from it.
///
/// - `active` and `token_type` are the answer's own, whatever the token says. A token that is bound
///   to a key by `cnf.jkt` is of type `DPoP` (RFC 9449 section 6.2), any other of type `Bearer`.
/// - `scope` is one string with all scopes, in whichever claims they are.
/// - `client_id` is the client, in whichever claim it is.
/// - `exp`, `iat` and `nbf` are whole seconds.
///
/// A claim that is null is left out. Every other claim is as the token has it, also those of RFC
/// 9068 section 2.2, and `cnf` (RFC 7800).
pub fn introspection<R>(
    payload: &Object<'_>,
    claims: &Claims,
    see: impl FnOnce(&Object<'_>) -> R,
) -> R {
    let second = |at: Option<i64>| at.map(|at| at.div_euclid(MICROS_PER_SECOND).to_string());
    let times = [
        ("exp", second(claims.expires_at)),
        ("iat", second(claims.issued_at)),
        ("nbf", second(claims.not_before)),
    ];
    let mut answer = Object::default();
    for (name, value) in payload.members() {
        if *value != Node::Null && !OF_ONE_TYPE.contains(&name.as_ref()) {
            answer.set(name.as_ref(), value.clone());
        }
    }
    for (name, second) in &times {
        if let Some(second) = second {
            answer.set(*name, Node::Number(second));
        }
    }
    if let Some(scopes) = &claims.scope {
        answer.set("scope", scopes.as_str());
    }
    if let Some(client) = &claims.client {
        answer.set("client_id", client.as_str());
    }
    let is_bound = match payload.get("cnf") {
        Some(Node::Object(cnf)) => matches!(cnf.get("jkt"), Some(Node::Text(_))),
        _ => false,
    };
    answer.set("token_type", if is_bound { "DPoP" } else { "Bearer" });
    answer.set("active", Node::Bool(true));
    see(&answer)
}

/// Returns the answer about anything that is not an active token. It says nothing more, not even
/// why (section 2.2).
pub fn inactive<'t>() -> Object<'t> {
    let mut answer = Object::default();
    answer.set("active", Node::Bool(false));
    answer
}
