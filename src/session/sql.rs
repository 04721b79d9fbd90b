//! Other functions that the SQL of sessions calls.

use super::record::try_lock;
use super::tokens::Tokens;
use super::{response, wait, writes};
use crate::keys;
use crate::pg::call::{guarded, raw_function};
use crate::pg::row_lock::RowLock;
use crate::pg::timestamp;
use crate::settings;
use authguard_token::refresh::{Answer, RefreshState};
use pgrx::prelude::*;

raw_function!(
    /// `authguard.issue`: the tokens of a session as it is.
    authguard_issue,
    |call| guarded(|| match call.uuid(0).map(|id| try_lock(id, None)) {
        Some(RowLock::Locked(held)) => {
            let session = &held.session;
            response::answer(call, Answer::Ok, session, &Tokens::of(session))
        }
        _ => response::refused(call, Answer::NotFound),
    })
);

/// Begins a change of issuers or keys. Raises an error on a standby.
#[pg_extern(sql = false)]
fn authguard_begin_key_change() {
    writes::require_primary();
    wait::for_key_change();
}

/// Returns true if there is a key to sign access tokens with.
#[pg_extern(sql = false)]
fn authguard_can_sign() -> bool {
    keys::can_sign()
}

/// Makes the key of refresh tokens, if there is none.
#[pg_extern(sql = false)]
fn authguard_make_refresh_key() {
    keys::make_refresh_key();
}

/// Makes another key of refresh tokens. Earlier refresh tokens are not believed any more.
#[pg_extern(sql = false)]
fn authguard_replace_refresh_key() {
    keys::replace_refresh_key();
}

/// The time at which a session expires unless it is refreshed. Times are `timestamptz`.
#[pg_extern(sql = false)]
fn authguard_session_end(
    created_at: i64,
    refreshed_at: i64,
    not_after: Option<i64>,
) -> Option<i64> {
    let row = RefreshState {
        refreshed_at: timestamp::unix_micros(refreshed_at),
        not_after: not_after.map(timestamp::unix_micros),
        ..RefreshState::begin(timestamp::unix_micros(created_at))
    };
    timestamp::timestamptz(row.expires_at(&settings::refresh())?)
}
