//! `auth.refresh`: another pair of tokens for a refresh token (RFC 6749 section 6, with rotation:
//! RFC 9700 section 4.14.2).

use super::counters::{self, Counter};
use super::ending::{self, Ending};
use super::record::{self, Held, Locked};
use super::tokens::{self, Tokens};
use super::{events, issuance, response, transaction, wait, writes};
use crate::keys;
use crate::pg::call::{Call, guarded, raw_function};
use crate::pg::unguarded;
use crate::settings;
use authguard_token::refresh::{
    Answer, Change, EndReason, RefreshDecision, RefreshToken, decide, should_log_event,
};
use authguard_token::{Aal, Actor, Event};
use pgrx::pg_sys;

raw_function!(authguard_refresh, |call| guarded(|| refresh(call)));

fn refresh(call: Call) -> pg_sys::Datum {
    writes::require_primary();
    let Some(token) = call.text(0).and_then(|token| read(&token)) else {
        return response::refused(call, Answer::Invalid);
    };
    let mut held = match record::lock(token.session_id, None) {
        Locked::Ours(held) => held,
        Locked::Busy => return response::refused(call, Answer::Busy),
        Locked::Missing => return response::refused(call, Answer::NotFound),
    };
    let before = held.session.times;
    let RefreshDecision { answer, change } = answer(&mut held, token.counter);
    if !answer.gives_tokens() {
        return response::refused(call, answer);
    }
    let session = &held.session;
    let tokens = Tokens::of(session);
    counters::count(match answer {
        Answer::Reused => Counter::Reuses,
        _ => Counter::Refreshes,
    });
    if answer == Answer::Ok && should_log_event(&before, change) {
        events::record(
            Event::TokenRefreshed.as_str(),
            Some(&session.user),
            Some(session.id),
            Actor::User.as_str(),
            None,
        );
    }
    response::answer(call, answer, session, &tokens)
}

/// The content of a refresh token of this database. The checksum and the key are checked before any
/// look-up.
pub fn read(token: &str) -> Option<RefreshToken> {
    RefreshToken::read(token)
        .ok()?
        .verify(&*keys::refresh_key()?)
}

/// The decision about the token; the session is changed and stored accordingly. An ending is
/// answered and not raised, because an error would take it back.
fn answer(held: &mut Held, counter: u64) -> RefreshDecision {
    transaction::decided();
    let session = &held.session;
    let refuse = |answer| RefreshDecision {
        answer,
        change: Change::None,
    };
    if session.times.ended.is_none() {
        let shut = issuance::session(session);
        if shut.user {
            return refuse(Answer::UserBlocked);
        }
        if shut.session {
            end(held, EndReason::Revoked);
            return refuse(Answer::SessionRevoked);
        }
    }
    let now = unguarded::clock();
    let decision = decide(&session.times, counter, now, &settings::refresh());
    if let Change::End { reason } = decision.change {
        end(held, reason);
    }
    if decision.answer.gives_tokens() {
        // Nothing ends and the token stays good, because a step-up can lift the session to the
        // minimum level.
        if Aal::from_name(&held.session.aal) < settings::min_aal() {
            return refuse(Answer::SessionExpired);
        }
        if !tokens::can_live(&held.session, decision.change, now) {
            return refuse(Answer::SessionExpired);
        }
        if !wait::for_changes(&held.session.user) {
            return refuse(Answer::Busy);
        }
        held.store(decision.change);
    }
    decision
}

fn end(held: &mut Held, reason: EndReason) {
    let actor = Actor::Policy;
    ending::end(held, Ending { reason, actor }, None);
}
