//! Another proof of who the user is, in an existing session: with new tokens of a higher level, or
//! without.

use super::record::{self, Held, Locked};
use super::tokens::{self, Tokens};
use super::{arguments, events, issuance, response, transaction, wait, writes};
use crate::error::Error;
use crate::pg::call::{Call, guarded, raw_function};
use crate::pg::{encoding::Utf8, unguarded};
use crate::schema::session as column;
use crate::settings;
use authguard_token::refresh::{
    Answer, Change, RefreshDecision, RefreshSettings, RefreshState, reauthenticate, step_up,
};
use authguard_token::{Aal, Actor, Event};
use pgrx::Uuid;
use pgrx::pg_sys::Datum;
use pgrx::prelude::*;

raw_function!(authguard_step_up, |call| guarded(|| {
    wait::briefly(|| raise_level(call))
}));

/// The arguments, in the order of the SQL.
mod argument {
    pub const USER_ID: usize = 0;
    pub const SESSION_ID: usize = 1;
    pub const METHOD: usize = 2;
    pub const AAL: usize = 3;
}

fn raise_level(call: Call) -> Datum {
    let user = writes::identity("user_id", call.text(argument::USER_ID).as_deref());
    writes::require_primary();
    let level = arguments::level(call.text(argument::AAL).as_deref());
    let locked = lock_of_user(call.uuid(argument::SESSION_ID), &user);
    if matches!(locked, Locked::Busy) || !tokens::ensure_keys() {
        return response::refused(call, Answer::Busy);
    }
    let now = unguarded::clock();
    if !wait::for_changes(&user) || !wait::for_cut_offs(&user) {
        return response::refused(call, Answer::Busy);
    }
    if issuance::user(&user) {
        return response::refused(call, Answer::UserBlocked);
    }
    let (mut held, change) = living(locked, now, step_up);
    if !tokens::can_live(&held.session, change, now) {
        Error::NotLive("the session is past its time").raise();
    }
    let session = &mut held.session;
    if Some(level) < Aal::from_name(&session.aal) {
        Error::Argument(
            format!("the session has level '{}' already", session.aal),
            Some(
                "A session keeps its level: authguard.reauthenticated renews a proof, authguard.credentials_changed ends sessions.",
            ),
        )
        .raise();
    }
    let method = call.text(argument::METHOD);
    let method = arguments::method(method.as_deref());
    level.as_str().clone_into(&mut session.aal);
    held.store_proof(method, change);
    let tokens = Tokens::of(&held.session);
    events::record(
        Event::MfaChallengeVerified.as_str(),
        Some(&user),
        Some(held.session.id),
        Actor::User.as_str(),
        Some(method),
    );
    response::answer(call, Answer::Ok, &held.session, &tokens)
}

/// `authguard.reauthenticated`.
#[pg_extern(sql = false)]
fn authguard_reauthenticated(user: Option<Utf8>, session: Option<Uuid>, method: Option<Utf8>) {
    let user = writes::identity("user_id", user.as_deref());
    writes::require_primary();
    let locked = lock_of_user(session.map(|id| *id.as_bytes()), &user);
    let now = unguarded::clock();
    if !wait::for_cut_offs(&user) {
        Error::LockTimeout.raise();
    }
    let (mut held, change) = living(locked, now, reauthenticate);
    held.store_proof(arguments::method(method.as_deref()), change);
}

/// Locks a session, if it is a session of the user (in canonical form).
pub fn lock_of_user(id: Option<[u8; 16]>, user: &str) -> Locked {
    id.map_or(Locked::Missing, |id| {
        record::lock(
            id,
            Some(&|row| row.text(column::USER_ID).as_deref() == Some(user)),
        )
    })
}

/// A session that takes another proof of who its user is at `now`, and the change that this makes.
/// Raises an error if the session takes none. `now` (microseconds) must be read before the caller
/// waits for cut-offs: a cut-off that begins later covers the proof.
pub fn living(
    locked: Locked,
    now: i64,
    decide: fn(&RefreshState, i64, &RefreshSettings) -> RefreshDecision,
) -> (Box<Held>, Change) {
    let held = match locked {
        Locked::Ours(held) => held,
        Locked::Busy => Error::LockTimeout.raise(),
        Locked::Missing => Error::NotLive("the user has no such session").raise(),
    };
    transaction::decided();
    let RefreshDecision { answer, change } = decide(&held.session.times, now, &settings::refresh());
    match answer {
        Answer::Ok if !issuance::session(&held.session).session => (held, change),
        Answer::SessionExpired => Error::NotLive("the session is past its time").raise(),
        _ => Error::NotLive("the session has ended").raise(),
    }
}
