//! Whether this database can decide about anybody: not where its entries may be older than what
//! they revoke.

use crate::pg::replay;
use crate::schema;
use crate::settings::{self, AfterRestore};
use authguard_token::{RevocationReason, Verdict};

/// What it depends on beside the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Availability {
    after_restore: AfterRestore,
    behind: bool,
}

impl Availability {
    /// That of this moment.
    pub fn current() -> Self {
        let limit = settings::max_replay_lag();
        Self {
            after_restore: settings::after_restore(),
            behind: limit > 0 && replay::is_behind(limit),
        }
    }

    /// The verdict on every token, where this database may not know what is revoked.
    pub fn verdict(self) -> Option<Verdict> {
        let reason = if self.behind {
            RevocationReason::ReplicaLag
        } else if self.after_restore == AfterRestore::deny && schema::is_copy() {
            RevocationReason::Restored
        } else {
            return None;
        };
        Some(Verdict {
            reason: Some(reason),
            valid_until: i64::MAX,
            missed: false,
        })
    }
}

/// Whether the database's identity is another than that which was last acknowledged.
#[pgrx::pg_extern(sql = false)]
fn authguard_is_copy() -> bool {
    schema::is_copy()
}
