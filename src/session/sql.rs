//! What else the SQL of sessions asks.

use super::record::{self, try_lock};
use super::tokens::Tokens;
use super::{response, transaction};
use crate::invalidation;
use crate::keys;
use crate::pg::call::{guarded, raw_function};
use crate::pg::{lock, timestamp};
use crate::schema::Table;
use crate::settings;
use authguard_token::refresh::{Answer, Ended, RefreshState, step_up};
use pgrx::prelude::*;

raw_function!(
    /// `authguard.issue`: the tokens of a session that this transaction has locked.
    authguard_issue,
    |call| guarded(|| {
        let id = call.uuid(0).and_then(try_lock);
        id.map_or_else(
            || response::refused(call, Answer::NotFound),
            |held| response::answer(call, Answer::Ok, &held.session, &Tokens::of(&held.session)),
        )
    })
);

/// Waits until no other transaction signs this user (in canonical form) in.
#[pg_extern(sql = false)]
fn authguard_lock_user(user: &str) {
    lock::take(invalidation::objects().table(Table::Session), user);
}

/// Whether there is a key to sign access tokens with.
#[pg_extern(sql = false)]
fn authguard_can_sign() -> bool {
    keys::can_sign()
}

/// Makes the key of refresh tokens, where there is none.
#[pg_extern(sql = false)]
fn authguard_make_refresh_key() {
    keys::make_refresh_key();
}

/// Makes another key of refresh tokens: no earlier one is believed.
#[pg_extern(sql = false)]
fn authguard_replace_refresh_key() {
    keys::replace_refresh_key();
}

/// When an access token that is issued now has surely expired.
#[pg_extern(sql = false)]
fn authguard_tokens_until() -> Option<i64> {
    timestamp::timestamptz(record::tokens_until())
}

/// When a session is past its time unless it is refreshed. Times are `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_session_end(
    created_at: i64,
    refreshed_at: i64,
    not_after: Option<i64>,
) -> Option<i64> {
    let row = times(created_at, refreshed_at, not_after);
    timestamp::timestamptz(row.expires_at(&settings::refresh())?)
}

/// Whether a session takes another proof: the answer. Times are `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_decide_step_up(
    created_at: i64,
    refreshed_at: i64,
    not_after: Option<i64>,
    ended_reason: Option<&str>,
    at: i64,
) -> &'static str {
    let row = RefreshState {
        ended: ended_reason.map(Ended::by),
        ..times(created_at, refreshed_at, not_after)
    };
    transaction::decided();
    let decision = step_up(&row, timestamp::unix_micros(at), &settings::refresh());
    decision.answer.as_str()
}

fn times(created_at: i64, refreshed_at: i64, not_after: Option<i64>) -> RefreshState {
    RefreshState {
        refreshed_at: timestamp::unix_micros(refreshed_at),
        not_after: not_after.map(timestamp::unix_micros),
        ..RefreshState::begin(timestamp::unix_micros(created_at))
    }
}
