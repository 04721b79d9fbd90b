//! Flags that claims were set in this transaction, and not before it.
//!
//! Claims that were set before it were set for the whole session, and stay when a pool hands the
//! connection to another client. guc.c does not tell a hook if SET or SET LOCAL was used. But
//! values that were set locally are gone when the next transaction begins.

use super::seal;
use crate::pg::subxact_flag::SubxactFlag;

/// The flag of a setting that holds claims.
pub struct SetInTransaction(SubxactFlag);

/// The flag of `request.jwt.claims`.
pub static CLAIMS: SetInTransaction = SetInTransaction(SubxactFlag::new());

/// The flag of `authguard.jwt`.
pub static TOKEN: SetInTransaction = SetInTransaction(SubxactFlag::new());

impl SetInTransaction {
    /// Notes that the setting is assigned. A value from before the library was loaded may have been
    /// set in this transaction, so it counts as set in it until the transaction ends.
    pub fn assigned(&self) {
        if seal::is_adopting() {
            self.0.set_for_transaction();
        } else if seal::is_change() {
            self.0.set();
        }
    }

    /// Returns true if the setting's value was set before this transaction.
    pub fn is_session_wide(&self) -> bool {
        !self.0.is_set()
    }
}

/// Ends a subtransaction. To be called while it is the current one.
pub fn end_of_subtransaction(committed: bool) {
    CLAIMS.0.end_of_subtransaction(committed);
    TOKEN.0.end_of_subtransaction(committed);
}

/// Ends a transaction.
pub fn end_of_transaction() {
    CLAIMS.0.end_of_transaction();
    TOKEN.0.end_of_transaction();
}
