//! The check that this database can decide about anybody: it cannot if its entries may be older
//! than what they revoke.

use crate::pg::replay;
use crate::schema;
use crate::settings::{self, AfterRestore};
use authguard_token::{RevocationReason, Verdict};

/// The state that availability depends on besides the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Availability {
    after_restore: AfterRestore,
    behind: bool,
}

impl Availability {
    /// The state of this moment.
    pub fn current() -> Self {
        let limit = settings::max_replay_lag();
        Self {
            after_restore: settings::after_restore(),
            behind: limit > 0 && replay::is_behind(limit),
        }
    }

    /// The verdict on every token, if this database may not know what is revoked.
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

/// Returns true if the database's identity differs from the one that was last acknowledged.
#[pgrx::pg_extern(sql = false)]
fn authguard_is_copy() -> bool {
    schema::is_copy()
}

/// The reason for which every token counts as revoked here, if there is one.
#[pgrx::pg_extern(sql = false)]
fn authguard_unavailable() -> Option<&'static str> {
    let verdict = Availability::current().verdict()?;
    verdict.reason.map(RevocationReason::as_str)
}
