//! Parallel workers answer as their leader does: the leader decides before it starts them, and
//! tells them.

use super::{decide, memo};
use crate::claims::{Status, leader};
use crate::pg::{transaction, unguarded};
use crate::schema;

/// Decides about the claims of this statement, and tells the workers that it starts. Called before
/// a plan runs that may have workers and that calls functions which are not Postgres's own.
pub fn before_workers() {
    // Without the extension there is nothing to decide, and nothing that could ask.
    if transaction::is_parallel_worker() || transaction::is_parallel() || !schema::is_installed() {
        return;
    }
    // This also seals the claims: a worker that reads them cannot.
    let is_absent = memo().with(|claims| matches!(claims.status, Status::Absent));
    let (reason, authenticated_at) = match is_absent {
        true => (None, None),
        false => (decide::reason(), decide::authenticated_at()),
    };
    memo().with(|claims| {
        leader::tell(
            claims,
            unguarded::statement_start(),
            reason,
            authenticated_at,
        );
    });
}
