//! `authguard.receive_event`: the events of identity providers, each token once, and done in the
//! transaction that remembers it.

use super::entries::SessionEntry;
use super::record::time;
use super::{endings, events, writes};
use crate::keys;
use crate::pg::call::Value;
use crate::pg::encoding::Utf8;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::{memory, unguarded};
use crate::settings;
use authguard_token::{
    Actor, EntryKind, Event, EventAction, Ignored, ReceivedEvent, ReceivedEvents, latest_expiry,
    parse_uuid,
};
use pgrx::pg_sys;
use pgrx::prelude::*;

/// So many tokens are received until old ones are forgotten: a token costs the same, however many
/// are remembered.
const FORGET_EACH: i64 = 1000;

static REMEMBER: PerBackend<Plan> = Plan::new(
    c"insert into authguard.received_event (issuer, jti, issued_at, restored, happened_at)
      values ($1, $2, $3, $4, $5)
      on conflict on constraint received_event_pkey do nothing
      returning pg_catalog.nextval('authguard.received_event_count')",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
    ],
);

static FORGET: PerBackend<Plan> = Plan::new(c"select authguard.forget_received_events()", &[]);

static BLOCK: PerBackend<Plan> = Plan::new(
    c"select authguard.block_by_event($1, $2, $3, $4)",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
        pg_sys::TEXTOID,
    ],
);

static RESTORE: PerBackend<Plan> = Plan::new(
    c"select authguard.restore_by_event($1, $2, $3)",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::TIMESTAMPTZOID],
);

static REVOKE_TOKEN: PerBackend<Plan> = Plan::new(
    c"select authguard.revoke_token($1, $2, $3, $4)",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
    ],
);

static REVOKE_CLIENT: PerBackend<Plan> = Plan::new(
    c"select authguard.revoke_client_by_event($1, $2, $3)",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::TEXTOID],
);

static CUT_OFF: PerBackend<Plan> = Plan::new(
    c"select authguard.revoke_and_forget(authguard.entry(
        $1, $2, $3, $4, $5, authguard.latest_expiry($4)))",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
        pg_sys::TEXTOID,
    ],
);

/// `authguard.receive_event`. The token is a `text` in the database's encoding: its bytes, because
/// it may be anything.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_receive_event(
    token: Option<&[u8]>,
) -> TableIterator<
    'static,
    (
        name!(event, Utf8),
        name!(subject, Option<Utf8>),
        name!(session, Option<Utf8>),
        name!(client, Option<Utf8>),
        name!(action, &'static str),
        name!(detail, Option<Utf8>),
    ),
> {
    writes::require_primary();
    let (issuer, received) = keys::received(token.unwrap_or_default());
    let is_new = remember(&issuer, &received);
    let rows = received.events.into_iter().map(|mut event| {
        match is_new {
            true => memory::scratch(|| apply(&issuer, &mut event)),
            false => (event.action, event.detail) = (EventAction::Replayed, None),
        }
        (
            Utf8(event.name),
            event.user.map(Utf8),
            event.session.map(Utf8),
            event.client.map(Utf8),
            event.action.as_str(),
            event.detail.map(Utf8),
        )
    });
    TableIterator::new(rows.collect::<Vec<_>>())
}

/// Remembers a token, and the user whom one of its events lets in again. Returns false if the token
/// was received before. If another transaction is receiving it, waits for the end of that.
fn remember(issuer: &str, received: &ReceivedEvents) -> bool {
    let lets_in = |event: &&ReceivedEvent| event.action == EventAction::UserRestored;
    let restored = received.events.iter().find(lets_in);
    let user = restored.and_then(|event| event.user.as_deref());
    let row = [
        Value::of(issuer),
        Value::of(received.jti.as_str()),
        time(received.issued_at),
        Value::of(user),
        restored.map_or(Value::NULL, |event| time(event.happened_at)),
    ];
    let number: Option<i64> = REMEMBER.run(&row, |row| row.and_then(|row| row.get(1)));
    if number.is_some_and(|number| number % FORGET_EACH == 0) {
        FORGET.run(&[], |_| ());
    }
    number.is_some()
}

/// Does what an event asks for, and notes what was done about it. What holds already is done.
fn apply(issuer: &str, event: &mut ReceivedEvent) {
    if event.action == EventAction::Ignored {
        return;
    }
    let is_changed = match change(issuer, event) {
        Ok(is_changed) => is_changed,
        Err(why) => {
            event.action = EventAction::Ignored;
            event.detail = Some(why.as_str().to_owned());
            return;
        }
    };
    if is_changed {
        let session = event.session.as_deref();
        let id = session.and_then(parse_uuid);
        let mut reason = format!("{}: {}", event.action.as_str(), event.name);
        // Of any other name, the session is in the reason.
        if let (Some(session), None) = (session, id) {
            reason = format!("{reason} of session {session}");
        }
        events::record(
            Event::EventReceived.as_str(),
            event.user.as_deref(),
            id,
            Actor::Issuer.as_str(),
            Some(&reason),
        );
    }
}

/// Returns true if something has changed.
fn change(issuer: &str, event: &ReceivedEvent) -> Result<bool, Ignored> {
    let (reason, issuer) = (Value::of(event.name.as_str()), Value::of(issuer));
    let (user, happened_at) = (Value::of(event.user.as_deref()), time(event.happened_at));
    let run = |plan: &Plan, parameters: &[Value]| -> Option<bool> {
        plan.run(parameters, |row| row.and_then(|row| row.get(1)))
    };
    let cut_off = |kind: EntryKind| {
        let kind = Value::of(kind.as_str());
        run(&CUT_OFF, &[kind, user, issuer, happened_at, reason])
    };
    // The issuer has ended what it announces, so no later token belongs to it.
    let last_expiry = || {
        let longest = settings::max_token_lifetime();
        latest_expiry(unguarded::clock(), longest).map_or(Value::NULL, time)
    };
    if let Some(token) = event.token.as_deref() {
        let parameters = [Value::of(token), reason, issuer, last_expiry()];
        return Ok(run(&REVOKE_TOKEN, &parameters) == Some(true));
    }
    let done = match event.action {
        EventAction::UserBlocked => match run(&BLOCK, &[issuer, user, happened_at, reason]) {
            None => return Err(Ignored::RestoredSince),
            done => done,
        },
        EventAction::UserRestored => match run(&RESTORE, &[issuer, user, happened_at]) {
            Some(true) => Some(true),
            _ => return Err(Ignored::NotShutOut),
        },
        EventAction::SessionEnded => {
            let key = event.session.clone().unwrap_or_default();
            Some(endings::revoke_and_forget(SessionEntry {
                key,
                issuer,
                reason,
                expires_at: last_expiry(),
            }))
        }
        EventAction::ClientRevoked => {
            let client = Value::of(event.client.as_deref());
            run(&REVOKE_CLIENT, &[client, issuer, reason])
        }
        EventAction::ClaimsStale => cut_off(EntryKind::Claims),
        EventAction::UserSignedOut => cut_off(EntryKind::User),
        EventAction::Ignored | EventAction::Replayed => None,
    };
    Ok(done == Some(true))
}
