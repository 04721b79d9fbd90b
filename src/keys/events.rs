//! The events in a token, if its issuer is trusted for events. Neither the token nor its key gets
//! among those of access tokens: no event ever makes a backend forget one of these.

use super::log;
use super::rejected::{EventRejected, TokenRejected};
use super::trust::{self, Asked};
use crate::error::Error;
use crate::invalidation::{self, PerGeneration};
use crate::pg::call::Value;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::{catalog, shortage, timestamp, unguarded};
use crate::settings;
use authguard_token::{
    EventPolicy, EventToken, Key, ReceivedEvent, ReceivedEvents, memory_for_token,
};
use pgrx::pg_sys;
use std::rc::Rc;

/// The number of keys that a backend keeps ready to verify events.
const MOST_KEPT: usize = 8;

/// Keys that have verified an event. The one found last is at the end.
static KEYS: PerGeneration<u64, Vec<(Asked, Rc<Key>)>> =
    PerGeneration::new(invalidation::keys, Vec::new());

static ISSUER: PerBackend<Plan> = Plan::new(
    c"select e.issuer is not null, coalesce(e.audience, i.audience || i.client_ids), e.emails,
            e.forgotten_until
        from authguard.issuer i
        left join authguard.event_issuer e on e.issuer = i.issuer
       where i.issuer = $1",
    &[pg_sys::TEXTOID],
);

/// The issuer of a token with events, and the events. The token is in the database's encoding: its
/// bytes, because it may be anything. Raises the error for a token that is refused, and writes the
/// cause to the log.
pub fn received(token: &[u8]) -> (String, ReceivedEvents) {
    let now = unguarded::clock();
    // The issuer and its key are those of one committed state.
    let read = invalidation::until_still(|| read(token, now));
    read.unwrap_or_else(|cause| {
        log::refused_event(&cause);
        Error::EventRefused(cause.delivery_error()).raise()
    })
}

/// The token's issuer and events.
fn read(token: &[u8], now: i64) -> Result<(String, ReceivedEvents), EventRejected> {
    let text = std::str::from_utf8(token).map_err(|_| TokenRejected::Encoding)?;
    let longest = settings::max_token_size();
    shortage::require(memory_for_token(text.len().min(longest)));
    let token = EventToken::parse(text, longest)?;
    let policy = policy(token.issuer())?;
    let key = key(Asked {
        issuer: policy.issuer.clone(),
        kid: token.key_id().map(str::to_owned),
        algorithm: token.algorithm(),
    })?;
    let received = token.verify(&key, &policy, now)?;
    // No token of this database can have such an identity.
    let can_hold = |event: &ReceivedEvent| {
        let named = [
            &event.user,
            &event.session,
            &event.client,
            &event.token,
            &event.detail,
        ];
        let mut named = named.into_iter().flatten().chain([&event.name]);
        named.all(|text| catalog::can_hold(text))
    };
    match catalog::can_hold(&received.jti) && received.events.iter().all(can_hold) {
        true => Ok((policy.issuer, received)),
        false => Err(TokenRejected::Encoding.into()),
    }
}

/// The key that verifies such a token.
fn key(asked: Asked) -> Result<Rc<Key>, TokenRejected> {
    let known = KEYS.look(|keys| {
        let known = keys.iter().find(|(it, _)| *it == asked);
        known.map(|(_, key)| Rc::clone(key))
    });
    if let Some(key) = known {
        return Ok(key);
    }
    KEYS.read(
        || trust::key(&asked).map(Rc::new),
        |keys, key| {
            if let Ok(key) = key {
                if keys.len() >= MOST_KEPT {
                    keys.remove(0);
                }
                keys.push((asked.clone(), Rc::clone(key)));
            }
        },
    )
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
