//! What becomes of earlier claims if `auth.set_token` fails: they are removed. A pool that sets the
//! token of its next client, and goes on although that failed, must not go on as the client before.
//!
//! The error takes back everything that the statement has set. So the claims are removed after the
//! rollback, and again after the rollback of each transaction around it. Sealed claims stay until
//! the transaction ends.

use super::seal;
use crate::pg::{guc, undone};

/// Removes the claims and the token, after the rollback, if it is dropped.
pub struct ClaimsForgotten(());

impl ClaimsForgotten {
    /// Removes them unless [`ClaimsForgotten::keep`] is called: an error drops this.
    pub fn unless_kept() -> Self {
        Self(())
    }

    /// Leaves the claims as they are.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for ClaimsForgotten {
    fn drop(&mut self) {
        undone::after_rollback(|| {
            let is_sealed = seal::stands();
            if !is_sealed {
                guc::clear(c"authguard.jwt");
                guc::clear(c"request.jwt.claims");
            }
            !is_sealed
        });
    }
}
