//! The readers of schema `auth` that need no look-up: raw functions that answer from the memo.
//! Their SQL declarations, with COST and comments, are in `sql/access/readers.sql`.

use super::decision::Decision;
use super::{decide, memo, whoami};
use crate::claims::{CachedClaims, Status, Values};
use crate::error::Error;
use crate::pg::call::{Call, Value, guarded, raw_function};
use crate::pg::{encoding, memory, planner, timestamp, unguarded};
use crate::revocation::is_own;
use crate::settings;
use authguard_token::{Claims, expired};
use pgrx::prelude::*;

raw_function!(authguard_jwt, |call| read(
    call,
    |v| v.json,
    memory::copy_varlena
));
raw_function!(authguard_uid, |call| read(
    call,
    |v| v.uid,
    memory::copy_uuid
));
raw_function!(authguard_session_id, |call| read(
    call,
    |v| v.session_id,
    memory::copy_uuid
));
raw_function!(authguard_sid, |call| read(
    call,
    |v| v.sid,
    memory::copy_varlena
));
raw_function!(authguard_client_id, |call| read(
    call,
    |v| v.client_id,
    memory::copy_varlena
));
raw_function!(authguard_org_id, |call| read(
    call,
    |v| v.org_id,
    memory::copy_varlena
));
raw_function!(authguard_org_role, |call| read(
    call,
    |v| v.org_role,
    memory::copy_varlena
));
raw_function!(authguard_roles, |call| read(
    call,
    |v| v.roles,
    memory::copy_varlena
));
raw_function!(authguard_subject, |call| read(
    call,
    |v| v.subject,
    memory::copy_varlena
));
raw_function!(authguard_issuer, |call| read(
    call,
    |v| v.issuer,
    memory::copy_varlena
));
raw_function!(authguard_role, |call| read(
    call,
    |v| v.role,
    memory::copy_varlena
));
raw_function!(authguard_email, |call| read(
    call,
    |v| v.email,
    memory::copy_varlena
));
raw_function!(authguard_aal, |call| read(
    call,
    |v| v.aal,
    memory::copy_varlena
));
raw_function!(authguard_issued_at, |call| read(
    call,
    |v| v.issued_at,
    by_value
));
raw_function!(authguard_expires_at, |call| read(
    call,
    |v| v.expires_at,
    by_value
));
raw_function!(authguard_authenticated_at, |call| call
    .answer(authenticated_at(true)));
raw_function!(authguard_is_anonymous, |call| read(
    call,
    |v| v.is_anonymous,
    by_value
));

/// Answers with one of the values. If the value must not be pointed into, `copy` makes one that
/// outlives the claims. For almost every row only the first closure runs, and needs no stack frame.
#[inline(always)]
fn read(
    call: Call,
    value: impl Fn(&Values) -> Value + Copy,
    copy: impl Fn(pg_sys::Datum) -> pg_sys::Datum,
) -> pg_sys::Datum {
    memo().hot_or(
        |claims| call.answer(value(claims.values())),
        move || settle_and_read(call, value, copy),
    )
}

#[cold]
#[inline(never)]
fn settle_and_read(
    call: Call,
    value: impl Fn(&Values) -> Value,
    copy: impl Fn(pg_sys::Datum) -> pg_sys::Datum,
) -> pg_sys::Datum {
    call.answer(guarded(|| {
        memo().with(|claims| {
            raise_if_refused(claims);
            let value = value(claims.values());
            if claims.lends() {
                value
            } else {
                value.map(copy)
            }
        })
    }))
}

/// A value that is passed as such is its own copy.
fn by_value(datum: pg_sys::Datum) -> pg_sys::Datum {
    datum
}

/// Raises an error if the claims are refused and `authguard.refused_claims` says so. It does not if
/// the planner makes an estimate.
fn raise_if_refused(claims: &CachedClaims<Decision>) {
    if let Some(rejected) = claims.rejected()
        && settings::refused_claims_are_errors()
        && !planner::is_estimate()
    {
        let hint = match claims.is_expired_token() {
            true => whoami::EXPIRED.to_owned(),
            false => whoami::why(rejected, claims.origin()),
        };
        Error::ClaimsRefused(encoding::printable(&hint)).raise();
    }
}

raw_function!(authguard_is_expired, |call| {
    let read = |current: &CachedClaims<Decision>| match current.claims() {
        Some(claims) => expired(claims, unguarded::statement_start(), settings::leeway()),
        None => current.is_expired_token().then_some(true),
    };
    let settle_and_read = || {
        memo().with(|current| {
            // Of a token that has expired this much is known.
            let verdict = read(current);
            if verdict.is_none() {
                raise_if_refused(current);
            }
            verdict
        })
    };
    let verdict = memo().hot_or(read, || guarded(settle_and_read));
    call.answer(verdict.map(pg_sys::Datum::from).into())
});

/// The time at which the user last authenticated. It is the time in the claims or, if it is newer,
/// the time in the row of a local session. So a proof also counts for tokens that were issued
/// before it.
///
/// If the claims are refused, it raises an error if `raises` is true.
#[inline(always)]
fn authenticated_at(raises: bool) -> Value {
    memo()
        .authenticated_at()
        .unwrap_or_else(|| guarded(|| look_up(raises)))
}

#[cold]
#[inline(never)]
fn look_up(raises: bool) -> Value {
    let authenticated_at = memo().with(|current| {
        if raises {
            raise_if_refused(current);
        }
        let claimed = current.values().authenticated_at;
        match current.claims() {
            Some(claims) if is_own(claims) => decide::authenticated_at()
                .max(claims.authenticated_at)
                .and_then(timestamp::timestamptz)
                .map_or(claimed, |at| Some(at.into()).into()),
            _ => claimed,
        }
    });
    memo().looked_up(authenticated_at);
    authenticated_at
}

raw_function!(authguard_is_fresh, |call| {
    pg_sys::Datum::from(call.argument(0).is_some_and(is_fresh))
});

/// Returns true if the last authentication is at most `max_age` (an `interval`) ago. A time in the
/// future counts only if it is within the difference that clocks may have. The interval is turned
/// into a time, because it may compare as another one than it leads to.
fn is_fresh(max_age: pg_sys::Datum) -> bool {
    let Some(authenticated_at) = authenticated_at(false).datum() else {
        return false;
    };
    let authenticated_at = authenticated_at.value() as i64;
    let now = unguarded::statement_start();
    let latest = now.saturating_add(settings::leeway() * 1_000_000);
    let since = |now| guarded(|| timestamp::minus_interval(now, max_age));
    timestamp::unix_micros(authenticated_at) <= latest
        && timestamp::timestamptz(now).is_some_and(|now| authenticated_at >= since(now))
}

raw_function!(authguard_has_scope, |call| has(call, Claims::has_scope));
raw_function!(authguard_has_role, |call| has(call, Claims::has_role));
raw_function!(authguard_has_permission, |call| has(
    call,
    Claims::has_permission
));

/// Returns true if the token lists the text; NULL if there are no claims, false if they are
/// refused.
fn has(call: Call, lists: fn(&Claims, &str) -> bool) -> pg_sys::Datum {
    let look = |text: &[u8]| {
        memo().with(|current| match current.status {
            Status::Absent => None,
            _ => Some(current.claims().is_some_and(|claims| {
                encoding::to_utf8(text).is_some_and(|text| lists(claims, &text))
            })),
        })
    };
    let has = call.bytes(0).and_then(|text| guarded(|| look(text)));
    call.answer(has.map(pg_sys::Datum::from).into())
}
