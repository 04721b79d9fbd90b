//! Whether claims were set in this transaction or before it. What was set before it was set for the whole session,
//! and stays when a pool hands the connection to somebody else. guc.c tells a hook nothing of SET or SET LOCAL; but
//! what was set locally is gone when the next transaction begins.

use super::seal;
use crate::pg::subxact_flag::SubxactFlag;

/// A setting that holds claims.
pub struct SetInTransaction(SubxactFlag);

/// Of `request.jwt.claims`.
pub static CLAIMS: SetInTransaction = SetInTransaction(SubxactFlag::new());

/// Of `authguard.jwt`.
pub static TOKEN: SetInTransaction = SetInTransaction(SubxactFlag::new());

impl SetInTransaction {
    /// The setting is assigned. What was set before the library was loaded may have been set in this transaction:
    /// it counts so until the transaction ends.
    pub fn assigned(&self) {
        if seal::is_adopting() {
            self.0.set_for_transaction();
        } else if seal::is_change() {
            self.0.set();
        }
    }

    /// Whether what the setting holds was set before this transaction.
    pub fn is_session_wide(&self) -> bool {
        !self.0.is_set()
    }
}

/// A subtransaction ends. To be called while it is the current one.
pub fn end_of_subtransaction(committed: bool) {
    CLAIMS.0.end_of_subtransaction(committed);
    TOKEN.0.end_of_subtransaction(committed);
}

/// A transaction ends.
pub fn end_of_transaction() {
    CLAIMS.0.end_of_transaction();
    TOKEN.0.end_of_transaction();
}
