//! `authguard.sign_in`: begins a session for a user whom the application has authenticated.

use super::counters::{self, Counter};
use super::record::{self, Session, time, uuid};
use super::tokens::{self, Tokens};
use super::{arguments, endings, events, issuance, response, wait, writes};
use crate::error::Error;
use crate::pg::call::{Call, Value, guarded, raw_function};
use crate::pg::{memory, unguarded};
use crate::schema::{self, Table, session as column};
use crate::settings;
use authguard_token::refresh::{Answer, RefreshState};
use authguard_token::{Actor, Event, random_uuid};
use pgrx::pg_sys::{self, Datum};

const MAX_TAG: usize = 256;

/// The most bytes of a user agent that are kept.
const MAX_USER_AGENT: i32 = 1024;

raw_function!(authguard_sign_in, |call| guarded(|| sign_in(call)));

/// The arguments, in the order of the SQL.
mod argument {
    pub const USER_ID: usize = 0;
    pub const CLAIMS: usize = 1;
    pub const METHOD: usize = 2;
    pub const AAL: usize = 3;
    pub const USER_AGENT: usize = 4;
    pub const IP: usize = 5;
    pub const TAG: usize = 6;
}

fn sign_in(call: Call) -> Datum {
    let user = writes::identity("user_id", call.text(argument::USER_ID).as_deref());
    writes::require_primary();
    let claims = call.argument(argument::CLAIMS).map(memory::jsonb_text);
    arguments::claims(claims.as_deref());
    let aal = arguments::level(call.text(argument::AAL).as_deref());
    if call.octet_length(argument::TAG) > MAX_TAG {
        Error::Argument(format!("a tag has at most {MAX_TAG} bytes"), None).raise();
    }
    let method = call.text(argument::METHOD);
    let method = arguments::method(method.as_deref());
    if !tokens::ensure_keys() {
        return response::refused(call, Answer::Busy);
    }
    let may_begin = || wait::for_changes(&user) && wait::for_cut_offs(&user);
    let is_single = settings::single_session_per_user();
    if is_single {
        if !may_begin() {
            return response::refused(call, Answer::Busy);
        }
        if issuance::user(&user) {
            return response::refused(call, Answer::UserBlocked);
        }
        if !endings::replace(&user, call.value(argument::TAG)) {
            return response::refused(call, Answer::Busy);
        }
    }
    // The clock's time: a long transaction must not backdate a session. It is read before the wait
    // for cut-offs, so that a cut-off that begins after the wait is later than the session.
    let now = unguarded::clock();
    if !may_begin() {
        if is_single {
            // An answer would leave the sessions ended that are to be replaced.
            Error::LockTimeout.raise();
        }
        return response::refused(call, Answer::Busy);
    }
    let Some(began) = issuance::begin(&user, now) else {
        return response::refused(call, Answer::UserBlocked);
    };
    let session = Session {
        id: random_uuid().expect("the system has randomness"),
        user,
        issuer: settings::issuer(),
        aal: aal.as_str().to_owned(),
        amr: arguments::add_method("[]", method, now.div_euclid(1_000_000)),
        claims: claims.unwrap_or_default(),
        tokens_until: record::tokens_until(),
        times: RefreshState {
            created_at: began,
            authenticated_at: began,
            ..RefreshState::begin(now)
        },
    };
    begin(call, &session);
    let tokens = Tokens::of(&session);
    counters::count(Counter::SignIns);
    events::record(
        Event::of_sign_in(method).as_str(),
        Some(&session.user),
        Some(session.id),
        Actor::User.as_str(),
        Some(method),
    );
    response::answer(call, Answer::Ok, &session, &tokens)
}

/// Writes the row of a session that begins.
fn begin(call: Call, session: &Session) {
    let columns = [
        (column::ID, pg_sys::UUIDOID, uuid(session.id)),
        (
            column::USER_ID,
            pg_sys::TEXTOID,
            Value::of(session.user.as_str()),
        ),
        (
            column::ISSUER,
            pg_sys::TEXTOID,
            Value::of(session.issuer.as_str()),
        ),
        (
            column::CREATED_AT,
            pg_sys::TIMESTAMPTZOID,
            time(session.times.created_at),
        ),
        (
            column::AUTHENTICATED_AT,
            pg_sys::TIMESTAMPTZOID,
            time(session.times.authenticated_at),
        ),
        (
            column::AAL,
            pg_sys::TEXTOID,
            Value::of(session.aal.as_str()),
        ),
        (
            column::AMR,
            pg_sys::JSONBOID,
            memory::jsonb(&session.amr).into(),
        ),
        (
            column::CLAIMS,
            pg_sys::JSONBOID,
            call.value(argument::CLAIMS),
        ),
        (
            column::USER_AGENT,
            pg_sys::TEXTOID,
            call.value(argument::USER_AGENT).map(shortened),
        ),
        (column::IP, pg_sys::INETOID, call.value(argument::IP)),
        (column::TAG, pg_sys::TEXTOID, call.value(argument::TAG)),
    ];
    schema::insert(
        Table::Session,
        &[columns.as_slice(), &session.progress()].concat(),
    );
}

/// Shortens a long header, which must not fail a login. A character has up to four bytes.
fn shortened(text: Datum) -> Datum {
    let kept = memory::left(text, MAX_USER_AGENT);
    match memory::octet_length(kept) <= MAX_USER_AGENT as usize {
        true => kept,
        false => memory::left(text, MAX_USER_AGENT / 4),
    }
}
