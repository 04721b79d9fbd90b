//! When a decision has to be made again.
//!
//! A write to a deciding table invalidates the channel relation. Postgres delivers that at commit to
//! every backend, and through WAL to standbys; each counts a generation up. Its own writes a
//! transaction sees at once: by the command counter, because the invalidation of a command is executed
//! locally only at its end, and by the subtransaction callback when they are rolled back.

use crate::claims;
use crate::pg::{guc, leaf, state::PerBackend, trigger};
use crate::schema::Objects;
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;

struct State {
    /// Counts the invalidations of the channel, or of everything.
    generation: Cell<u64>,
    /// Where the tables are; `None` until somebody asks, and again after they changed.
    objects: Cell<Option<Objects>>,
    /// Whether this transaction has written to a deciding table.
    written: Cell<bool>,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    generation: Cell::new(0),
    objects: Cell::new(None),
    written: Cell::new(false),
});

/// What a decision is remembered under.
pub fn generation() -> u64 {
    STATE.generation.get()
}

/// Where the tables are. Raises an error, so that access stays closed, where they are not.
pub fn objects() -> Objects {
    STATE.objects.get().unwrap_or_else(|| {
        let objects = Objects::find();
        STATE.objects.set(Some(objects));
        objects
    })
}

/// The relcache callback. Postgres also calls it for everything at once (InvalidOid), when a backend
/// was too far behind.
pub fn relation_changed(relation: Oid) {
    let Some(objects) = STATE.objects.get() else {
        return;
    };
    if relation == objects.channel {
        STATE.generation.set(STATE.generation.get() + 1);
    } else if relation == objects.revocation || relation == pg_sys::InvalidOid {
        STATE.generation.set(STATE.generation.get() + 1);
        STATE.objects.set(None);
    }
}

/// This transaction has written to a deciding table.
pub fn written() {
    STATE.written.set(true);
    claims::ask_again();
}

/// The command that a decision of this statement belongs to: 0 unless this transaction has written.
#[inline(always)]
pub fn own_command() -> u32 {
    if STATE.written.get() {
        leaf::command_id()
    } else {
        0
    }
}

/// Whether this transaction has written to a deciding table, so that what it sees is its own.
pub fn has_written() -> bool {
    STATE.written.get()
}

/// Forgets which statement was decided: after a rollback to a savepoint, or the end of a transaction.
pub fn forget_statement() {
    claims::forget_statement();
}

/// Where commits wait for standbys, a revoking one does so whatever the caller's
/// `synchronous_commit`: an acknowledged revocation survives a failover.
pub fn before_commit() {
    if STATE.written.get() && trigger::skips_standbys() {
        guc::commit_synchronously();
    }
}

/// The end of a transaction, committed or not.
pub fn end_of_transaction() {
    STATE.written.set(false);
    forget_statement();
}
