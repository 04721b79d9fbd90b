//! When what was read from tables has to be read again.
//!
//! A write to a table that decides something invalidates one of the channel relations. Postgres
//! delivers that at commit to every backend, and through WAL to standbys; each counts a generation
//! up. Its own writes a transaction sees at once: by the command counter, because the invalidation
//! of a command is executed locally only at its end, and by the subtransaction callback when they
//! are rolled back.

mod per_generation;

pub use per_generation::PerGeneration;

use crate::pg::{durability, hook::Hook, state::PerBackend, transaction, unguarded};
use crate::schema::{self, Feed, Objects, Signal};
use pgrx::pg_sys::Oid;
use std::cell::Cell;

struct State {
    /// Counts the invalidations of `authguard.channel`, or of everything.
    revocations: Cell<u64>,
    /// Counts those of `authguard.key_channel`.
    keys: Cell<u64>,
    /// Counts those of `authguard.arrival_channel`.
    arrivals: Cell<u64>,
    /// Counts the settings that decide which tokens are good.
    settings: Cell<u64>,
    /// Whether this transaction has written to a table that decides.
    written: Cell<bool>,
    /// Whether it has written anything but what only arrives.
    changed: Cell<bool>,
    /// Whether something that it wrote must outlive a crash, and a failover.
    lasts: Cell<bool>,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    revocations: Cell::new(0),
    keys: Cell::new(0),
    arrivals: Cell::new(0),
    settings: Cell::new(0),
    written: Cell::new(false),
    changed: Cell::new(false),
    lasts: Cell::new(false),
});

static WRITTEN: Hook = Hook::new();

/// The generation that a decision is remembered under. Looks at the tables that it was read from,
/// if they may have changed; raises an error if they cannot be read any more, so that access stays
/// closed.
pub fn revocations() -> u64 {
    generation(Feed::Revocations, &STATE.revocations)
}

/// The generation that a decision is remembered under as well, if a row was looked for in vain.
pub fn arrivals() -> u64 {
    STATE.arrivals.get()
}

/// The generation that a verified token, an issuer, a key or the claims function is remembered
/// under; as [`revocations`].
pub fn keys() -> u64 {
    generation(Feed::Keys, &STATE.keys)
}

/// The generation of the settings that decide which tokens are good.
pub fn settings() -> u64 {
    STATE.settings.get()
}

fn generation(feed: Feed, count: &Cell<u64>) -> u64 {
    if !schema::settled(feed) {
        count_up(count);
    }
    count.get()
}

fn count_up(generation: &Cell<u64>) {
    generation.set(generation.get() + 1);
}

/// Where the tables are. Raises an error, so that access stays closed, if they are not there.
pub fn objects() -> Objects {
    schema::objects()
}

/// The relcache callback. Postgres also calls it for everything at once (InvalidOid), when a
/// backend was too far behind. `is_attached` says if a relation is an attached table.
pub fn relation_changed(relation: Oid, is_attached: fn(Oid) -> bool) {
    match schema::relation_changed(relation) {
        Some(Signal::Revocations) => count_up(&STATE.revocations),
        Some(Signal::Keys) => count_up(&STATE.keys),
        Some(Signal::Arrivals) => count_up(&STATE.arrivals),
        Some(Signal::Everything) => {
            count_up(&STATE.revocations);
            count_up(&STATE.keys);
            count_up(&STATE.arrivals);
        }
        Some(Signal::Later) => {}
        // Its form has changed, or all of its rows.
        None if is_attached(relation) => count_up(&STATE.revocations),
        None => {}
    }
}

/// A setting has changed that decides which tokens are good.
pub fn keys_changed() {
    count_up(&STATE.keys);
    count_up(&STATE.settings);
}

/// Names whom to call when a transaction writes to a table that decides. To be called once, from
/// `_PG_init`.
pub fn when_written(call: fn()) {
    WRITTEN.set(call);
}

/// This transaction has written to a table that decides, and told so by `channel`.
pub fn written(channel: Oid) {
    STATE.written.set(true);
    if schema::known().is_none_or(|objects| channel != objects.arrival_channel) {
        STATE.changed.set(true);
    }
    WRITTEN.call();
}

/// What this transaction has written must outlive a crash, and a failover where commits wait for
/// standbys: it shuts somebody out, or hands tokens out.
pub fn must_last() {
    STATE.lasts.set(true);
    durability::commit_durably();
}

/// Tells every backend at the commit to look again at what `channel`, a relation that nobody opens,
/// stands for. The commit is made durable.
pub fn tell(channel: Oid) {
    transaction::invalidate(channel);
    written(channel);
    must_last();
}

/// The command that a decision of this statement belongs to: 0 unless this transaction has written.
#[inline(always)]
pub fn own_command() -> u32 {
    if STATE.written.get() {
        unguarded::command_id()
    } else {
        0
    }
}

/// Whether this transaction has written to a table that decides, so that what it sees is its own.
pub fn has_written() -> bool {
    STATE.written.get()
}

/// As [`has_written`], but for the rows of sessions and users that have only arrived: no key,
/// issuer or attached table is another one by these.
pub fn has_changed() -> bool {
    STATE.changed.get()
}

/// Where commits wait for standbys, one that must last does so whatever the caller's
/// `synchronous_commit`: an acknowledged revocation survives a failover. One that forgets need not.
pub fn before_commit() {
    if STATE.lasts.get() && durability::skips_standbys() {
        durability::commit_synchronously();
    }
}

/// The end of a transaction, committed or not.
pub fn end_of_transaction() {
    STATE.written.set(false);
    STATE.changed.set(false);
    STATE.lasts.set(false);
}
