//! Where claims come from, and whether they are believed.
//!
//! One source so far: the gateway's `request.jwt.claims`. It is believed by the login role, which a
//! client cannot choose: a superuser, or a role of `authguard.gateway_roles`. A verified token will
//! be asked before it, and never fall through to it.

use super::block::Refusal;
use crate::pg::{catalog, guc};
use crate::settings;
use pgrx::pg_sys::Oid;

/// Claims that somebody has set.
#[derive(Debug)]
pub struct Source {
    /// What was set; no reader of it is given any of it while `verdict` is an error.
    pub text: &'static [u8],
    /// Whether it may be read.
    pub verdict: Result<&'static str, Refusal>,
}

impl Source {
    /// The verdict without the text.
    pub fn believed(&self) -> Result<(), Refusal> {
        self.verdict.clone().map(|_| ())
    }
}

/// What is set at the moment; `None` for nothing. An empty text is nothing: it is what
/// `set_config(…, true)` leaves behind at the end of its transaction.
pub fn find(session_user: Oid) -> Option<Source> {
    let text = guc::claims_text().to_bytes();
    if text.is_empty() {
        return None;
    }
    let verdict = if !is_gateway(session_user) {
        Err(Refusal::NotAGateway)
    } else if text.len() > settings::max_claims_size() {
        Err(Refusal::TooLarge)
    } else {
        match std::str::from_utf8(text) {
            Ok(text) if catalog::database_is_utf8() || stays_ascii(text) => Ok(text),
            _ => Err(Refusal::Encoding),
        }
    };
    Some(Source { text, verdict })
}

/// Whether `session_user` may say what the claims are.
fn is_gateway(session_user: Oid) -> bool {
    catalog::is_superuser(session_user)
        || catalog::role_name(session_user).is_some_and(|name| guc::gateway_roles().contains(&name))
}

/// Whether JSON `text` holds only ASCII, escapes included: a database in another encoding than UTF-8
/// could not hold the rest.
fn stays_ascii(text: &str) -> bool {
    text.is_ascii()
        && text.split("\\u").skip(1).all(|escape| {
            escape.starts_with("00") && matches!(escape.as_bytes().get(2), Some(b'0'..=b'7'))
        })
}

#[cfg(test)]
mod unit {
    use super::stays_ascii;

    #[test]
    fn escapes_count_as_the_character_they_mean() {
        assert!(stays_ascii(r#"{"a":"b\u0026c"}"#));
        assert!(!stays_ascii(r#"{"a":"\u00e9"}"#));
        assert!(!stays_ascii(r#"{"a":"\u20ac"}"#));
        assert!(!stays_ascii("{\"a\":\"é\"}"));
    }
}
