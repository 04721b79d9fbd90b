//! Generations: they tell when values that were read from tables must be read again.
//!
//! A write to a table that decides something invalidates one of the channel relations. Postgres
//! delivers the invalidation at commit to every backend, and through WAL to standbys. Each backend
//! counts a generation up.
//!
//! A transaction sees its own writes at once. The command counter shows them, because a command's
//! invalidation is executed locally only when the command ends. If they are rolled back, the
//! subtransaction callback shows that.

mod per_generation;

pub use per_generation::PerGeneration;

use crate::error::Error;
use crate::pg::{durability, hook::Hook, state::PerBackend, transaction, unguarded};
use crate::schema::{self, Feed, Objects, Signal};
use pgrx::pg_sys::Oid;
use std::cell::Cell;

struct State {
    /// Counts the invalidations of any relation.
    heard: Cell<u64>,
    /// Counts the invalidations of `authguard.channel`, or of everything.
    revocations: Cell<u64>,
    /// Counts the invalidations of `authguard.key_channel`.
    keys: Cell<u64>,
    /// Counts the invalidations of `authguard.arrival_channel`.
    arrivals: Cell<u64>,
    /// Counts the changes of the settings that decide which tokens are good.
    settings: Cell<u64>,
    /// True if this transaction has written to a table that decides.
    written: Cell<bool>,
    /// True if this transaction has written anything but rows that only arrive.
    changed: Cell<bool>,
    /// True if something that this transaction wrote must outlive a crash and a failover.
    lasts: Cell<bool>,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    heard: Cell::new(0),
    revocations: Cell::new(0),
    keys: Cell::new(0),
    arrivals: Cell::new(0),
    settings: Cell::new(0),
    written: Cell::new(false),
    changed: Cell::new(false),
    lasts: Cell::new(false),
});

static WRITTEN: Hook = Hook::new();

/// The generation that a decision is remembered under. If the tables that the decision was read
/// from may have changed, this looks at them. Raises an error if they cannot be read any more, so
/// that access stays closed.
pub fn revocations() -> u64 {
    generation(Feed::Revocations, &STATE.revocations)
}

/// The second generation that a decision is remembered under, if a row was looked for in vain.
pub fn arrivals() -> u64 {
    STATE.arrivals.get()
}

/// The generation that a verified token, an issuer, a key or the claims function is remembered
/// under. Looks and raises errors as [`revocations`] does.
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

/// Returns the OIDs of the tables and channels. Raises an error, so that access stays closed, if
/// they are not there.
pub fn objects() -> Objects {
    schema::objects()
}

/// The most looks at something that is changed again and again.
const MOST_LOOKS: u32 = 16;

/// Returns what `look` finds while nothing is changed. If an invalidation arrives meanwhile, it may
/// be about something that `look` has read already: a remembered value, or a table whose rows were
/// all written anew after its snapshot. Then `look` is called again. Raises an error, so that
/// access stays closed, if invalidations do not cease to arrive.
pub fn until_still<R>(mut look: impl FnMut() -> R) -> R {
    for _ in 0..MOST_LOOKS {
        transaction::accept_invalidations();
        let heard = STATE.heard.get();
        let found = look();
        transaction::accept_invalidations();
        if STATE.heard.get() == heard || transaction::discards_caches() {
            return found;
        }
    }
    Error::NeverStill.raise()
}

/// The relcache callback. If a backend was too far behind, Postgres calls it for everything at once
/// (InvalidOid). `is_attached` returns true if a relation is an attached table.
pub fn relation_changed(relation: Oid, is_attached: fn(Oid) -> bool) {
    count_up(&STATE.heard);
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
        // The attached table's form has changed, or all of its rows.
        None if is_attached(relation) => count_up(&STATE.revocations),
        None => {}
    }
}

/// Notes that a setting has changed that decides which tokens are good.
pub fn keys_changed() {
    count_up(&STATE.keys);
    count_up(&STATE.settings);
}

/// Names the function to call when a transaction writes to a table that decides. To be called once,
/// from `_PG_init`.
pub fn when_written(call: fn()) {
    WRITTEN.set(call);
}

/// Notes that this transaction has written to a table that decides, and has announced it through
/// `channel`.
pub fn written(channel: Oid) {
    STATE.written.set(true);
    if schema::known().is_none_or(|objects| channel != objects.arrival_channel) {
        STATE.changed.set(true);
    }
    WRITTEN.call();
}

/// Notes that the writes of this transaction must outlive a crash and, if commits wait for
/// standbys, a failover: they shut somebody out, or issue tokens.
pub fn must_last() {
    STATE.lasts.set(true);
    durability::commit_durably();
}

/// Makes every backend look again at the commit at the tables that `channel` stands for. Nobody
/// opens that relation. The commit is made durable.
pub fn tell(channel: Oid) {
    transaction::invalidate(channel);
    written(channel);
    must_last();
}

/// The command that a decision of this statement belongs to. Returns 0 unless this transaction has
/// written.
#[inline(always)]
pub fn own_command() -> u32 {
    if STATE.written.get() {
        unguarded::command_id()
    } else {
        0
    }
}

/// Returns true if this transaction has written to a table that decides. It then sees rows that
/// others do not see.
pub fn has_written() -> bool {
    STATE.written.get()
}

/// Returns true as [`has_written`] does, but not for rows of sessions and users that have only
/// arrived: such rows change no key, issuer or attached table.
pub fn has_changed() -> bool {
    STATE.changed.get()
}

/// Makes a commit that must last wait for standbys, whatever the caller's `synchronous_commit`, if
/// commits wait for standbys at all: an acknowledged revocation survives a failover. A commit that
/// only forgets need not wait.
pub fn before_commit() {
    if STATE.lasts.get() && durability::skips_standbys() {
        durability::commit_synchronously();
    }
}

/// Forgets the writes of a transaction that has ended, committed or not.
pub fn end_of_transaction() {
    STATE.written.set(false);
    STATE.changed.set(false);
    STATE.lasts.set(false);
}
