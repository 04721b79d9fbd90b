//! `authguard.sign_in`: begins a session for a user whom the application has authenticated.

use super::refresh::await_changes;
use super::stored::{self, Session, time};
use super::tokens::Tokens;
use super::{arguments, events, issued};
use crate::error::Error;
use crate::pg::call::{Call, Value, guarded, raw_function};
use crate::pg::memory;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::transaction;
use crate::revocation::shut;
use crate::settings;
use crate::writes;
use authguard_token::refresh::{Answer, SessionRow};
use pgrx::Uuid;
use pgrx::pg_sys;

const MAX_TAG: usize = 256;

raw_function!(authguard_sign_in, |call| guarded(|| sign_in(call)));

static REPLACE: PerBackend<Plan> = Plan::new(
    c"select authguard.replace_sessions($1, $2)",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID],
);

// A long header must not fail a login: it is kept in part. A character has up to four bytes.
static BEGIN: PerBackend<Plan> = Plan::new(
    c"insert into authguard.session
          (user_id, issuer, aal, amr, claims, user_agent, ip, tag,
           created_at, authenticated_at, refreshed_at, rotated_at, tokens_until)
      values ($1, $2, $3, $4::pg_catalog.jsonb, $5,
              case when pg_catalog.octet_length(pg_catalog.left($6, 1024)) <= 1024
                   then pg_catalog.left($6, 1024) else pg_catalog.left($6, 256) end,
              $7, $8, $9, $9, $9, $9, $10)
      returning id",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::JSONBOID,
        pg_sys::TEXTOID,
        pg_sys::INETOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
        pg_sys::TIMESTAMPTZOID,
    ],
);

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

fn sign_in(call: Call) -> pg_sys::Datum {
    let user = writes::identity("user_id", call.text(argument::USER_ID).as_deref());
    writes::require_primary();
    let claims = call.argument(argument::CLAIMS).map(memory::jsonb_text);
    arguments::claims(claims);
    let aal = arguments::level(call.text(argument::AAL).as_deref());
    if call.octet_length(argument::TAG) > MAX_TAG {
        Error::Argument(format!("a tag has at most {MAX_TAG} bytes"), None).raise();
    }
    let method = call.text(argument::METHOD);
    let method = arguments::method(method.as_deref());
    if shut::user(&user) {
        return issued::refused(call, Answer::UserBlocked);
    }
    if !await_changes() {
        return issued::refused(call, Answer::Busy);
    }
    if settings::single_session_per_user() {
        let parameters = [Value::of(user.as_str()), call.value(argument::TAG)];
        REPLACE.run(&parameters, |_| ());
    }
    // Of the clock, and after all waiting: a long transaction must not backdate a session.
    let now = transaction::clock();
    let mut session = Session {
        id: [0; 16],
        user,
        issuer: settings::issuer(),
        aal: aal.to_owned(),
        amr: arguments::add_method("[]", method, now.div_euclid(1_000_000)),
        claims: claims.unwrap_or_default().to_owned(),
        authenticated_at: now,
        tokens_until: stored::tokens_until(),
        times: SessionRow::begin(now),
    };
    let parameters = [
        Value::of(session.user.as_str()),
        Value::of(session.issuer.as_str()),
        Value::of(aal),
        Value::of(session.amr.as_str()),
        call.value(argument::CLAIMS),
        call.value(argument::USER_AGENT),
        call.value(argument::IP),
        call.value(argument::TAG),
        time(now),
        time(session.tokens_until),
    ];
    let id = BEGIN.run(&parameters, |row| row.and_then(|row| row.get::<Uuid>(1)));
    session.id = id.map(|id| *id.as_bytes()).unwrap_or_default();
    let tokens = Tokens::of(&session);
    let event = match method {
        "recovery" => "PASSWORD_RECOVERY",
        _ => "SIGNED_IN",
    };
    events::record(
        event,
        Some(&session.user),
        Some(session.id),
        "user",
        Some(method),
    );
    issued::answer(call, Answer::Ok, &session, &tokens)
}
