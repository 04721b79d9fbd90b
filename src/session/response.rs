//! The answer of the functions that issue tokens (RFC 6749 section 5.1): a row of type
//! `authguard.issued`.

use super::record::{Session, uuid};
use super::tokens::Tokens;
use crate::pg::call::{Call, Value};
use crate::pg::composite;
use authguard_token::refresh::Answer;
use pgrx::pg_sys::Datum;

/// The answer with a status, and no tokens.
pub fn refused(call: Call, answer: Answer) -> Datum {
    let mut columns = [Value::NULL; 8];
    columns[0] = Value::of(answer.as_str());
    call.answer(composite::row(call, &columns))
}

/// The answer with a status and the tokens of a session.
pub fn answer(call: Call, answer: Answer, session: &Session, tokens: &Tokens) -> Datum {
    let expires_in = tokens.expires_at.saturating_sub(tokens.issued_at);
    call.answer(composite::row(
        call,
        &[
            Value::of(answer.as_str()),
            Value::of(tokens.access.as_str()),
            Value::of(tokens.refresh.as_str()),
            Value::of("bearer"),
            Value::of(i32::try_from(expires_in).unwrap_or(i32::MAX)),
            Value::of(tokens.expires_at),
            uuid(session.id),
            Value::of(session.user.as_str()),
        ],
    ))
}
