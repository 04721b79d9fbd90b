//! The end of a session: its row, its revocation entry and its event. `endings` has the rules of
//! who may end which session.

use super::counters::{self, Counter};
use super::entries::SessionEntry;
use super::record::{self, Held, Locked, is_live, uuid};
use super::{events, wait};
use crate::error::Error;
use crate::pg::call::Value;
use crate::pg::plan::Plan;
use crate::pg::row_lock::RowLock;
use crate::pg::state::PerBackend;
use authguard_token::refresh::{Change, EndReason, end_now};
use authguard_token::{Actor, Event, format_uuid};
use pgrx::pg_sys::{self, TimestampTz};

/// The reason for which a session ends, and who ends it.
#[derive(Clone, Copy)]
pub struct Ending {
    pub reason: EndReason,
    pub actor: Actor,
}

static FIND: PerBackend<Plan> = Plan::new(
    c"select s.user_id, s.tokens_until from authguard.session s
       where s.id = $1 and s.ended_at is null and ($2 is null or s.issuer = $2)",
    &[pg_sys::UUIDOID, pg_sys::TEXTOID],
);

/// A session that has not ended.
pub struct Live {
    pub user: String,
    pub tokens_until: TimestampTz,
}

/// The session, if it has not ended and is of that issuer (a `text`; NULL stands for any issuer).
/// It is not locked.
pub fn find(id: [u8; 16], issuer: Value) -> Option<Live> {
    FIND.run(&[uuid(id), issuer], |row| {
        let row = row?;
        Some(Live {
            user: row.text(1)?,
            tokens_until: row.get(2)?,
        })
    })
}

/// Ends a session that this transaction has locked: writes its row, its revocation entry and its
/// event. If `entry` is `None`, the entry is that of the session itself. If the session has ended
/// already, returns false and writes nothing.
pub fn end(held: &mut Held, ending: Ending, entry: Option<&SessionEntry>) -> bool {
    let change = end_now(&held.session.times, ending.reason);
    if change == Change::None {
        return false;
    }
    held.store(change);
    let session = &held.session;
    match entry {
        Some(entry) => entry.write(),
        None => SessionEntry::of(session, ending.reason).write(),
    };
    counters::count(Counter::Endings);
    if ending.reason == EndReason::Reuse {
        counters::count(Counter::Thefts);
    }
    let event = ending.reason.event();
    tell_as(event, &session.user, Some(session.id), ending);
    true
}

/// Ends a session for an operator or the application, who must not wait for a client. If another
/// transaction has the session's row, writes an entry that ends the session at its next refresh.
/// Returns false if the session has ended, or there is none.
pub fn end_nowait(id: [u8; 16], ending: Ending, entry: Option<&SessionEntry>) -> bool {
    match record::try_lock(id, Some(&is_live)) {
        RowLock::Locked(mut held) => end(&mut held, ending, entry),
        RowLock::Missing => false,
        RowLock::Unavailable => end_by_entry(id, ending, entry),
    }
}

/// Ends a session whose row this transaction cannot write: by an entry that ends it at its next
/// refresh. Returns false if the session has ended, or there is none.
pub fn end_by_entry(id: [u8; 16], ending: Ending, entry: Option<&SessionEntry>) -> bool {
    let Some(session) = find(id, Value::NULL) else {
        return false;
    };
    // Another transaction may keep the row as long as it likes, and with it an entry of the local
    // issuer that waits for its commit. So this writes an entry for every issuer, which clients
    // never write. The entry is kept for ever, because the row may stay as it is.
    let reason = entry.map_or(Value::NULL, |entry| entry.reason);
    let everywhere = SessionEntry {
        key: format_uuid(&id),
        issuer: Value::NULL,
        reason: match reason.datum() {
            Some(_) => reason,
            None => Value::of(ending.reason.as_str()),
        },
        expires_at: Value::NULL,
    };
    let written = everywhere.write();
    if written {
        tell(&session.user, Some(id), ending);
    }
    written
}

/// Ends a session for a client, who waits for the transaction that has the session's row. Raises an
/// error if that takes too long. Returns false if the session has ended, or there is none.
pub fn end_wait(id: [u8; 16], ending: Ending) -> bool {
    // The row is locked; an entry in its place would not do. A client's transaction could keep that
    // entry from operators as long as it likes.
    wait::for_a_client(|| match record::lock(id, Some(&is_live)) {
        Locked::Ours(mut held) => end(&mut held, ending, None),
        Locked::Missing => false,
        Locked::Busy => Error::LockTimeout.raise(),
    })
}

/// Records that a session was signed out. A session whose name is no UUID is `None`.
pub fn tell(user: &str, id: Option<[u8; 16]>, ending: Ending) {
    tell_as(Event::SignedOut, user, id, ending);
}

fn tell_as(event: Event, user: &str, id: Option<[u8; 16]>, ending: Ending) {
    let (event, actor) = (event.as_str(), ending.actor.as_str());
    events::record(event, Some(user), id, actor, Some(ending.reason.as_str()));
}
