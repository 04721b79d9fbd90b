//! `authguard.read_event`: the events in a token, if its issuer is trusted for events. Nothing is
//! remembered: neither the token nor its key gets among those of access tokens.

use super::log;
use super::rejected::{EventRejected, TokenRejected};
use super::trust::{self, Asked};
use crate::error::Error;
use crate::invalidation;
use crate::pg::call::Value;
use crate::pg::encoding::Utf8;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::{shortage, timestamp, unguarded};
use crate::settings;
use authguard_token::{
    EventAction, EventPolicy, EventToken, ReceivedEvent, ReceivedEvents, memory_for_token,
};
use pgrx::pg_sys;
use pgrx::prelude::*;

static ISSUER: PerBackend<Plan> = Plan::new(
    c"select e.issuer is not null, coalesce(e.audience, i.audience || i.client_ids), e.emails,
            e.forgotten_until
        from authguard.issuer i
        left join authguard.event_issuer e on e.issuer = i.issuer
       where i.issuer = $1",
    &[pg_sys::TEXTOID],
);

/// The events in a token, a row each, with the token's issuer, `jti` and `iat`. The token is a
/// `text` in the database's encoding: its bytes, because it may be anything. Times are
/// `timestamptz`.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_read_event(
    token: Option<&[u8]>,
) -> TableIterator<
    'static,
    (
        name!(issuer, Utf8),
        name!(jti, Utf8),
        name!(issued_at, Option<i64>),
        name!(event, Utf8),
        name!(action, &'static str),
        name!(subject, Option<Utf8>),
        name!(session, Option<Utf8>),
        name!(client, Option<Utf8>),
        name!(token_id, Option<Utf8>),
        name!(happened_at, Option<i64>),
        name!(detail, Option<Utf8>),
        name!(restored, Option<Utf8>),
        name!(restored_at, Option<i64>),
    ),
> {
    let now = unguarded::clock();
    // The issuer and its key are those of one committed state.
    let read = invalidation::until_still(|| read(token.unwrap_or_default(), now));
    let (issuer, received) = read.unwrap_or_else(|cause| {
        log::refused_event(&cause);
        Error::EventRefused(cause.delivery_error()).raise()
    });
    let (jti, issued_at) = (received.jti, received.issued_at);
    let lets_in = |event: &&ReceivedEvent| event.action == EventAction::UserRestored;
    let restored = received.events.iter().find(lets_in);
    let restored = restored.map(|event| (event.user.clone(), event.happened_at));
    let (restored, restored_at) = restored.unzip();
    let (restored, restored_at) = (
        restored.flatten(),
        restored_at.and_then(timestamp::timestamptz),
    );
    let rows = received.events.into_iter().map(move |event| {
        (
            Utf8(issuer.clone()),
            Utf8(jti.clone()),
            timestamp::timestamptz(issued_at),
            Utf8(event.name),
            event.action.as_str(),
            event.user.map(Utf8),
            event.session.map(Utf8),
            event.client.map(Utf8),
            event.token.map(Utf8),
            timestamp::timestamptz(event.happened_at),
            event.detail.map(Utf8),
            restored.clone().map(Utf8),
            restored_at,
        )
    });
    TableIterator::new(rows.collect::<Vec<_>>())
}

/// The token's issuer and events.
fn read(token: &[u8], now: i64) -> Result<(String, ReceivedEvents), EventRejected> {
    let text = std::str::from_utf8(token).map_err(|_| TokenRejected::Encoding)?;
    let longest = settings::max_token_size();
    shortage::require(memory_for_token(text.len().min(longest)));
    let token = EventToken::parse(text, longest)?;
    let policy = policy(token.issuer())?;
    let key = trust::key(&Asked {
        issuer: policy.issuer.clone(),
        kid: token.key_id().map(str::to_owned),
        algorithm: token.algorithm(),
    })?;
    let issuer = policy.issuer.clone();
    Ok((issuer, token.verify(&key, &policy, now)?))
}

/// The rules for the events of an issuer.
fn policy(issuer: &str) -> Result<EventPolicy, EventRejected> {
    ISSUER.run(&[Value::of(issuer)], |row| {
        let row = row.ok_or(TokenRejected::UnknownIssuer)?;
        match row.get(1) {
            Some(true) => Ok(EventPolicy {
                issuer: issuer.to_owned(),
                audience: row.texts(2),
                emails: row.get(3) == Some(true),
                forgotten_until: row.get(4).map_or(i64::MAX, timestamp::unix_micros),
                leeway: settings::leeway(),
            }),
            _ => Err(EventRejected::NotForEvents),
        }
    })
}
