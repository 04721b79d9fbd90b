//! The disk and the standbys that a commit waits for (src/backend/access/transam/xact.c,
//! src/backend/replication/syncrep.c).

use super::guc;
use pgrx::pg_sys;

/// Makes this commit wait for the disk, whatever the caller's `synchronous_commit`.
pub fn commit_durably() {
    // SAFETY: sets a flag of xact.c that the end of the transaction clears.
    unsafe { pg_sys::ForceSyncCommit() };
}

/// Returns true if commits may wait for standbys (`SyncRepRequested` and its list in
/// replication/syncrep.h) but this transaction would not.
pub fn skips_standbys() -> bool {
    const ON: i32 = 3; // SYNCHRONOUS_COMMIT_REMOTE_FLUSH in access/xact.h
    // SAFETY: reads two settings of guc.c.
    unsafe {
        let standbys = pg_sys::SyncRepStandbyNames;
        !standbys.is_null() && *standbys != 0 && pg_sys::synchronous_commit < ON
    }
}

/// Raises `synchronous_commit` to `on` until the end of the transaction: AtEOXact_GUC undoes a
/// local assignment.
pub fn commit_synchronously() {
    guc::set(
        c"synchronous_commit",
        c"on",
        pg_sys::GucAction::GUC_ACTION_LOCAL,
    );
}
