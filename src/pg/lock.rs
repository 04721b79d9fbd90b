//! Locks that last until the end of the transaction. No SQL command can take them, unlike advisory
//! locks, which anybody may hold (src/backend/storage/lmgr/lmgr.c).

use super::catalog;
use authguard_token::lock_number;
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
/// has it in a way that conflicts.
pub fn take(class: Oid, name: &[u8], mode: Mode) {
    let (object, part) = number(name);
    let mode = match mode {
        Mode::Exclusive => pg_sys::ExclusiveLock,
        Mode::Writer => pg_sys::RowExclusiveLock,
        Mode::Reader => pg_sys::ShareLock,
    };
    // SAFETY: the lock manager takes any pair of numbers for an object; commands lock only objects
    // of catalogues, and `class` is no catalogue.
    unsafe { pg_sys::LockDatabaseObject(class, Oid::from(object), part, mode as i32) };
}

/// Returns true if no other transaction has the lock on `name` of `class`. What a transaction that
/// had it has committed is visible then.
pub fn is_free(class: Oid, name: &[u8]) -> bool {
    let (object, part) = number(name);
    // SET_LOCKTAG_OBJECT in storage/lock.h.
    let tag = pg_sys::LOCKTAG {
        locktag_field1: catalog::database().to_u32(),
        locktag_field2: class.to_u32(),
        locktag_field3: object,
        locktag_field4: part,
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

/// The number of a name, the same in every backend. A user may choose a name, and everybody sees
/// numbers in `pg_locks`. Nobody but a superuser can find two names with one number, because it
/// depends on a secret of the server: the one that makes up salts for roles that do not exist
/// (GetMockAuthenticationNonce in access/transam/xlog.c).
fn number(name: &[u8]) -> (u32, u16) {
    // MOCK_AUTH_NONCE_LEN in catalog/pg_control.h.
    const LENGTH: usize = 32;
    // SAFETY: points to that many bytes of the control file, which every backend has read. They
    // stay as initdb has made them.
    let secret = unsafe {
        std::slice::from_raw_parts(pg_sys::GetMockAuthenticationNonce().cast::<u8>(), LENGTH)
    };
    lock_number(secret, name)
}
