//! The functions that policies call, and the decision about the current token that they answer
//! from. It is made once for each statement.

mod caller;
mod checks;
mod decide;
mod decision;
#[cfg(feature = "pg18")]
mod login;
mod policy;
mod readers;
mod whoami;
mod workers;

pub use caller::caller;
#[cfg(feature = "pg18")]
pub use login::end_revoked_login;
pub use whoami::not_active;
pub use workers::before_workers;

use crate::claims::{CachedClaims, Memo};
use crate::pg::{call, state::PerBackend};
use decision::Decision;

static MEMO: PerBackend<Memo<Decision>> =
    PerBackend::new(Memo::new(Decision::none(), Decision::none, ask_again));

/// The memo of this backend's claims.
#[inline(always)]
fn memo() -> &'static Memo<Decision> {
    MEMO.value()
}

/// Returns `read` of the current claims, for raw functions. An error leaves by a jump, so the
/// caller must own nothing.
#[inline(always)]
fn with_current<R: Copy>(read: impl Fn(&CachedClaims<Decision>) -> R) -> R {
    memo().hot_or(&read, || call::guarded(|| memo().with(&read)))
}

/// Notes that a setting has changed that the claims depend on.
pub fn claims_changed() {
    memo().changed();
}

/// Notes that a role has changed, here or elsewhere.
pub fn roles_changed() {
    memo().roles_changed();
}

/// Makes the next reader settle the claims again.
pub fn ask_again() {
    memo().ask_again();
}

/// Forgets the statement that the last decision was made for: the next check looks again.
pub fn forget_statement() {
    memo().ask_again();
    memo().decisions(Decision::forget_statement);
}

/// Releases what earlier claims of the transaction occupied.
pub fn end_of_transaction() {
    memo().end_of_transaction();
}
