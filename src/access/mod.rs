//! The functions that policies call, and the decision about the current token, once a statement,
//! that they answer from.

mod caller;
mod checks;
mod decide;
mod decision;
mod readers;
mod whoami;

pub use caller::caller;

use crate::claims::{CachedClaims, Memo};
use crate::pg::{call, state::PerBackend};
use decision::Decision;

static MEMO: PerBackend<Memo<Decision>> =
    PerBackend::new(Memo::new(Decision::none(), Decision::none, ask_again));

/// The claims of this backend.
#[inline(always)]
fn memo() -> &'static Memo<Decision> {
    MEMO.value()
}

/// Answers with `read` of the current claims, for raw functions: an error leaves by a jump, so the
/// caller must own nothing.
#[inline(always)]
fn with_current<R: Copy>(read: impl Fn(&CachedClaims<Decision>) -> R) -> R {
    memo().hot_or(&read, || call::guarded(|| memo().with(&read)))
}

/// A setting that the claims depend on has changed.
pub fn claims_changed() {
    memo().changed();
}

/// A role has changed, here or elsewhere.
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
