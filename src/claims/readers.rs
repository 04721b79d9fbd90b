//! The readers of schema `auth` that need no look-up: raw functions that answer from the memo.
//! Their SQL declarations, with COST and comments, are in `sql/readers.sql`.

use super::current;
use crate::pg::call::{guarded, raw_function};
use crate::pg::{leaf, memory};
use crate::settings;
use authguard_token::expired;
use pgrx::prelude::*;

raw_function!(authguard_jwt, |call| call.answer(current().json()));
raw_function!(authguard_uid, |call| call.answer(current().uid()));
raw_function!(authguard_subject, |call| call.answer(current().subject()));
raw_function!(authguard_issuer, |call| call.answer(current().issuer()));
raw_function!(authguard_role, |call| call.answer(current().role()));
raw_function!(authguard_email, |call| call.answer(current().email()));
raw_function!(authguard_aal, |call| call.answer(current().aal()));
raw_function!(authguard_session_id, |call| call
    .answer(current().session_id()));
raw_function!(authguard_issued_at, |call| call
    .answer(current().issued_at()));
raw_function!(authguard_expires_at, |call| call
    .answer(current().expires_at()));
raw_function!(authguard_authenticated_at, |call| call
    .answer(current().authenticated_at()));

raw_function!(authguard_is_anonymous, |call| {
    call.answer(
        current()
            .claims()
            .and_then(|claims| claims.is_anonymous)
            .map(pg_sys::Datum::from),
    )
});

raw_function!(authguard_is_expired, |call| {
    let verdict = current()
        .claims()
        .and_then(|claims| expired(claims, leaf::statement_start(), settings::leeway()));
    call.answer(verdict.map(pg_sys::Datum::from))
});

raw_function!(authguard_is_fresh, |call| {
    pg_sys::Datum::from(call.argument(0).is_some_and(is_fresh))
});

/// Whether the last authentication is at most `max_age` (an `interval`) ago. A time in the future
/// counts only as far as clocks may differ.
fn is_fresh(max_age: pg_sys::Datum) -> bool {
    let Some(authenticated_at) = current()
        .claims()
        .and_then(|claims| claims.authenticated_at)
    else {
        return false;
    };
    let now = leaf::statement_start();
    let latest = now.saturating_add(settings::leeway() * 1_000_000);
    authenticated_at <= latest
        && authenticated_at >= guarded(|| memory::minus_interval(now, max_age))
}

/// Whether `scope` is one of the space-separated values of claim `scope` (RFC 8693 section 4.2).
#[pg_extern(sql = false)]
fn authguard_has_scope(scope: &str) -> Option<bool> {
    super::load().claims().map(|claims| claims.has_scope(scope))
}
