//! What the SQL of sessions asks.

use super::issuing;
use crate::error::Error;
use crate::invalidation;
use crate::keys;
use crate::pg::{leaf, lock};
use crate::settings;
use authguard_token::refresh::{
    Answer, Change, Decision, Ended, RefreshToken, SessionRow, decide, step_up,
};
use pgrx::Uuid;
use pgrx::prelude::*;

/// The settings of sessions; times in seconds.
#[pg_extern(sql = false)]
fn authguard_session_settings() -> TableIterator<
    'static,
    (
        name!(jwt_expiry, i32),
        name!(timebox, i32),
        name!(inactivity, i32),
        name!(single, bool),
        name!(min_aal, &'static str),
    ),
> {
    let seconds = |seconds: u32| i32::try_from(seconds).unwrap_or(i32::MAX);
    let settings = settings::refresh();
    TableIterator::once((
        seconds(settings.jwt_expiry),
        seconds(settings.timebox),
        seconds(settings.inactivity_timeout),
        settings::single_session_per_user(),
        settings::min_aal(),
    ))
}

/// Whether `authguard.notify_events` lists an event.
#[pg_extern(sql = false)]
fn authguard_notifies(event: &str) -> bool {
    settings::notifies(event)
}

/// Waits until no other transaction signs this user (in canonical form) in.
#[pg_extern(sql = false)]
fn authguard_lock_user(user: &str) {
    lock::take(invalidation::objects().session, user);
}

/// Whether there are keys to sign both kinds of tokens with.
#[pg_extern(sql = false)]
fn authguard_has_session_keys() -> bool {
    keys::refresh_key().is_some() && keys::can_sign()
}

/// Whether there is a key to sign access tokens with.
#[pg_extern(sql = false)]
fn authguard_can_sign() -> bool {
    keys::can_sign()
}

/// Makes the key of refresh tokens.
#[pg_extern(sql = false)]
fn authguard_make_refresh_key() {
    keys::make_refresh_key();
}

/// Makes another key of refresh tokens: no earlier one is believed.
#[pg_extern(sql = false)]
fn authguard_replace_refresh_key() {
    keys::replace_refresh_key();
}

/// Raises an error where this database would refuse a token that it has just signed.
#[pg_extern(sql = false)]
fn authguard_require_good_token(token: &str) {
    if let Err(cause) = keys::try_own(token) {
        Error::BadClaims(cause.to_string()).raise();
    }
}

/// The refresh token of a session's generation, which is handed out.
#[pg_extern(sql = false)]
fn authguard_mint_refresh_token(session_id: Uuid, counter: i64) -> String {
    let key = keys::refresh_key().unwrap_or_else(|| Error::NoSigningKey.raise());
    issuing::handed_out();
    RefreshToken::mint(&key, *session_id.as_bytes(), counter.unsigned_abs())
}

/// What a refresh token of ours names; NULLs where it is none.
#[pg_extern(sql = false)]
fn authguard_read_refresh_token(
    token: Option<&str>,
) -> TableIterator<'static, (name!(session_id, Option<Uuid>), name!(counter, Option<i64>))> {
    let read = token
        .and_then(|token| RefreshToken::read(token).ok())
        .and_then(|unchecked| unchecked.verify(&*keys::refresh_key()?));
    TableIterator::once(match read {
        Some(token) => (
            Some(Uuid::from_bytes(token.session_id)),
            i64::try_from(token.counter).ok(),
        ),
        None => (None, None),
    })
}

/// `exp` of an access token of a session that is issued at that second. Times of the row are `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_access_expires_at(
    created_at: i64,
    refreshed_at: i64,
    not_after: Option<i64>,
    at: i64,
) -> i64 {
    let row = SessionRow {
        refreshed_at: leaf::unix_micros(refreshed_at),
        not_after: not_after.map(leaf::unix_micros),
        ..SessionRow::begin(leaf::unix_micros(created_at))
    };
    row.access_expires_at(at.saturating_mul(1_000_000), &settings::refresh())
}

/// What becomes of a refresh token, and of its session. Times are `timestamptz`.
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn authguard_decide_refresh(
    counter: i64,
    created_at: i64,
    refreshed_at: i64,
    rotated_at: i64,
    reuse_count: i32,
    stepped_up_from: Option<i64>,
    not_after: Option<i64>,
    ended_reason: Option<&str>,
    aal: &str,
    token_counter: i64,
    at: i64,
) -> TableIterator<'static, (name!(status, &'static str), name!(change, &'static str))> {
    let row = SessionRow {
        counter: counter.unsigned_abs(),
        created_at: leaf::unix_micros(created_at),
        refreshed_at: leaf::unix_micros(refreshed_at),
        rotated_at: leaf::unix_micros(rotated_at),
        reuse_count: reuse_count.unsigned_abs(),
        stepped_up_from: stepped_up_from.map(i64::unsigned_abs),
        not_after: not_after.map(leaf::unix_micros),
        ended: ended_reason.map(Ended::by),
    };
    let decision = decide(
        &row,
        token_counter.unsigned_abs(),
        leaf::unix_micros(at),
        &settings::refresh(),
    );
    issuing::decided();
    // Nothing ends, and the token stays good: a step-up lifts the session over the least level.
    if decision.answer.gives_tokens() && aal < settings::min_aal() {
        return answer(Decision {
            answer: Answer::SessionExpired,
            change: Change::None,
        });
    }
    answer(decision)
}

/// Whether a session takes a step-up. Times are `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_decide_step_up(
    created_at: i64,
    refreshed_at: i64,
    not_after: Option<i64>,
    ended_reason: Option<&str>,
    at: i64,
) -> TableIterator<'static, (name!(status, &'static str), name!(change, &'static str))> {
    let row = SessionRow {
        refreshed_at: leaf::unix_micros(refreshed_at),
        not_after: not_after.map(leaf::unix_micros),
        ended: ended_reason.map(Ended::by),
        ..SessionRow::begin(leaf::unix_micros(created_at))
    };
    issuing::decided();
    answer(step_up(&row, leaf::unix_micros(at), &settings::refresh()))
}

fn answer(
    decision: Decision,
) -> TableIterator<'static, (name!(status, &'static str), name!(change, &'static str))> {
    let change = match decision.change {
        Change::None => "none",
        Change::Rotate { .. } => "rotate",
        Change::StepUp { .. } => "step_up",
        Change::Refresh { .. } => "keep",
        Change::CountReuse { .. } => "count",
        Change::End { reason } => reason.as_str(),
    };
    TableIterator::once((decision.answer.as_str(), change))
}
