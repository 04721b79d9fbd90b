//! Locks that last until the end of the transaction. No SQL command can take them, unlike advisory
//! locks, which anybody may hold (src/backend/storage/lmgr/lmgr.c).

use pgrx::pg_sys::{self, Oid};

/// The way in which a lock is taken.
#[derive(Clone, Copy)]
pub enum Mode {
    /// Nobody else has the lock.
    Exclusive,
    /// Other writers may have it, too, and no reader.
    Writer,
    /// Other readers may have it, too, and no writer.
    Reader,
}

/// Takes the lock on `name` of `class`, a table of the extension. Waits until no other transaction
/// has it in a way that conflicts. Names with the same hash share a lock.
pub fn take(class: Oid, name: &str, mode: Mode) {
    let object = Oid::from(fnv(name.as_bytes()));
    let mode = match mode {
        Mode::Exclusive => pg_sys::ExclusiveLock,
        Mode::Writer => pg_sys::RowExclusiveLock,
        Mode::Reader => pg_sys::ShareLock,
    };
    // SAFETY: the lock manager takes any pair of numbers for an object; commands lock only objects
    // of catalogues, and `class` is no catalogue.
    unsafe { pg_sys::LockDatabaseObject(class, object, 0, mode as i32) };
}

/// The hash FNV-1a. It is the same in every backend, whichever release of the library the backend
/// has loaded.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
