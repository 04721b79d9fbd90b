//! Locks that last until the end of the transaction. No SQL command can take them, unlike advisory
//! locks, which anybody may hold (src/backend/storage/lmgr/lmgr.c).

use super::catalog;
use pgrx::pg_sys::{self, LockAcquireResult, LockTagType, Oid};

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
pub fn take(class: Oid, name: &[u8], mode: Mode) {
    let object = Oid::from(fnv(name));
    let mode = match mode {
        Mode::Exclusive => pg_sys::ExclusiveLock,
        Mode::Writer => pg_sys::RowExclusiveLock,
        Mode::Reader => pg_sys::ShareLock,
    };
    // SAFETY: the lock manager takes any pair of numbers for an object; commands lock only objects
    // of catalogues, and `class` is no catalogue.
    unsafe { pg_sys::LockDatabaseObject(class, object, 0, mode as i32) };
}

/// Returns true if no other transaction has the lock on `name` of `class`. What a transaction that
/// had it has committed is visible then.
pub fn is_free(class: Oid, name: &[u8]) -> bool {
    // SET_LOCKTAG_OBJECT in storage/lock.h.
    let tag = pg_sys::LOCKTAG {
        locktag_field1: catalog::database().to_u32(),
        locktag_field2: class.to_u32(),
        locktag_field3: fnv(name),
        locktag_field4: 0,
        locktag_type: LockTagType::LOCKTAG_OBJECT as u8,
        locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
    };
    let mode = pg_sys::ShareLock as i32;
    // SAFETY: as above; taken without a wait and released here, in a pair. No error can come
    // between the two, and locks are released only after their transaction has become visible
    // (CommitTransaction in xact.c).
    unsafe {
        let is_free = pg_sys::LockAcquire(&raw const tag, mode, false, true)
            != LockAcquireResult::LOCKACQUIRE_NOT_AVAIL;
        if is_free {
            pg_sys::LockRelease(&raw const tag, mode, false);
        }
        is_free
    }
}

/// The hash FNV-1a. It is the same in every backend, whichever release of the library the backend
/// has loaded.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
