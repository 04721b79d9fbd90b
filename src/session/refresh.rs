//! `auth.refresh`: another pair of tokens for a refresh token (RFC 6749 section 6, with rotation: RFC 9700 section
//! 4.14.2).

use super::record::{self, Held, Locked, Session, uuid};
use super::tokens::Tokens;
use super::{events, issuance, response, transaction, writes};
use crate::attached;
use crate::keys;
use crate::pg::call::{Call, Value, guarded, raw_function};
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::unguarded;
use crate::settings;
use authguard_token::refresh::{
    Answer, Change, EndReason, RefreshDecision, RefreshToken, decide, is_told,
};
use authguard_token::{Aal, Actor, Event};
use pgrx::pg_sys;

raw_function!(authguard_refresh, |call| guarded(|| refresh(call)));

static END: PerBackend<Plan> = Plan::new(
    c"select authguard.end_session_row(s, $2, $3, 'policy') from authguard.session s where s.id = $1",
    &[pg_sys::UUIDOID, pg_sys::TEXTOID, pg_sys::TEXTOID],
);

static AWAIT_CHANGES: PerBackend<Plan> = Plan::new(c"select authguard.await_changes()", &[]);

fn refresh(call: Call) -> pg_sys::Datum {
    writes::require_primary();
    let Some(token) = call.text(0).and_then(|token| read(&token)) else {
        return response::refused(call, Answer::Invalid);
    };
    let mut held = match record::lock(token.session_id) {
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
    if answer == Answer::Ok && is_told(&before, change) {
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

/// What a refresh token of this database says; the checksum and the key tell before any look-up.
fn read(token: &str) -> Option<RefreshToken> {
    RefreshToken::read(token)
        .ok()?
        .verify(&*keys::refresh_key()?)
}

/// What becomes of the token; the session is changed and stored accordingly. An ending is answered, not raised: an error
/// would take it back.
fn answer(held: &mut Held, counter: u64) -> RefreshDecision {
    transaction::decided();
    let session = &mut held.session;
    let refuse = |answer| RefreshDecision {
        answer,
        change: Change::None,
    };
    if session.times.ended.is_none() {
        let shut = issuance::session(
            &session.user,
            &session.id,
            session.times.created_at,
            session.authenticated_at,
        );
        if shut.user {
            return refuse(Answer::UserBlocked);
        }
        if shut.session || session.issuer != settings::issuer() {
            end(session, EndReason::Revoked);
            return refuse(Answer::SessionRevoked);
        }
    }
    let now = unguarded::clock();
    let decision = decide(&session.times, counter, now, &settings::refresh());
    if let Change::End { reason } = decision.change {
        end(session, reason);
    }
    if decision.answer.gives_tokens() {
        // Nothing ends, and the token stays good: a step-up lifts the session over the least level.
        if Aal::from_name(&session.aal) < settings::min_aal() {
            return refuse(Answer::SessionExpired);
        }
        if !await_changes() {
            return refuse(Answer::Busy);
        }
        session.times.apply(decision.change);
        held.store();
    }
    decision
}

fn end(session: &Session, reason: EndReason) {
    let (reason, event) = (reason.as_str(), reason.event().as_str());
    END.run(
        &[uuid(session.id), Value::of(reason), Value::of(event)],
        |_| (),
    );
}

/// Waits until the changes of attached users that are being committed are, where tokens must be later than these. False
/// where that takes too long.
pub fn await_changes() -> bool {
    !attached::refresh_on_change()
        || AWAIT_CHANGES.run(&[], |row| row.and_then(|row| row.get(1))) == Some(true)
}
