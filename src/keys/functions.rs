//! `auth.verify`, `auth.set_token` and `auth.introspect`.

use super::verify;
use crate::error::Error;
use crate::pg::{call::guarded, call::raw_function, jsonb, memory, transaction};
use crate::request;
use crate::settings;
use authguard_token::{Object, Token, inactive, introspection};
use pgrx::prelude::*;

raw_function!(authguard_verify, |call| guarded(|| match call.bytes(0) {
    Some(token) => check(token),
    None => call.null(),
}));

raw_function!(authguard_set_token, |call| guarded(|| {
    if request::login_token().is_some() {
        Error::LoggedIn.raise();
    }
    let forgotten = request::ClaimsForgotten::unless_kept();
    let claims = match (call.bytes(0), call.argument(1)) {
        // A driver sends NULL for a token that the client has not sent at all.
        (None, _) => Error::BadToken.raise(),
        (_, None) => Error::Missing("is_local must not be null".to_owned()).raise(),
        (Some(token), Some(is_local)) => set(token, is_local.value() != 0),
    };
    forgotten.keep();
    claims
}));

raw_function!(
    /// `auth.introspect`. Never an error about the token: whatever is not good is not active.
    authguard_introspect,
    |call| guarded(|| {
        let answer = call.bytes(0).and_then(introspect);
        let answer = answer.unwrap_or_else(|| jsonb::encode(&inactive()));
        memory::varlena(&answer)
    })
);

/// The answer about a token, as `jsonb`; `None` if the token is not active.
fn introspect(text: &[u8]) -> Option<Vec<u8>> {
    let good = verify::check(text).ok()?;
    let text = std::str::from_utf8(text).ok()?;
    let mut answer = None;
    let see = |payload: &Object<'_>| {
        answer = Some(introspection(payload, &good.claims, jsonb::encode));
    };
    Token::parse_with(text, settings::max_token_size(), see).ok()?;
    answer
}

/// The claims of a token, in the current memory context.
fn check(token: &[u8]) -> pg_sys::Datum {
    match verify::check(token) {
        Ok(good) => memory::varlena(&good.json),
        Err(cause) if cause.is_expired() => Error::ExpiredToken.raise(),
        Err(_) => Error::BadToken.raise(),
    }
}

fn set(token: &[u8], is_local: bool) -> pg_sys::Datum {
    if is_local && !transaction::in_block() {
        Error::NoTransactionBlock.raise();
    }
    let claims = check(token);
    request::set_token(token, is_local);
    claims
}
