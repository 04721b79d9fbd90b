//! One identity and one relation, and what is tried and undone.

use super::relations::{Relation, Rights};
use crate::identity::Identity;
use crate::server::{Row, Server, ServerError};

/// The sequence that counts rows: what it has counted is not rolled back.
pub(super) const COUNTER: &str = "pg_temp.authguard_reached";

/// A result that an error of what was tried does not end.
pub(crate) type Tried<T> = Result<Result<T, ServerError>, ServerError>;

/// One identity and one relation.
pub(crate) struct Case<'c> {
    pub relation: &'c Relation,
    pub identity: &'c Identity,
    pub rights: &'c Rights,
    pub all: &'c All,
    pub search_path: &'c str,
}

/// All rows that the caller sees in a relation.
pub(crate) struct All {
    /// Those in the sample for SELECT.
    pub sampled: Option<u64>,
    /// Those in the first pages.
    pub first: Option<u64>,
    /// True if rows for INSERT could be kept.
    pub has_templates: bool,
}

impl Case<'_> {
    /// Runs `work` as the identity, and undoes it.
    pub fn as_identity<T>(
        &self,
        server: &mut dyn Server,
        work: impl FnOnce(&mut dyn Server) -> Result<T, ServerError>,
    ) -> Tried<T> {
        attempt(server, |server| {
            self.assume(server)?;
            work(server)
        })
    }

    /// Becomes the identity, in the caller's search path.
    pub fn assume(&self, server: &mut dyn Server) -> Result<(), ServerError> {
        let path = "select pg_catalog.set_config('search_path', $1, true)";
        server.query(path, &[Some(self.search_path)])?;
        self.identity.assume(server)
    }
}

/// Counts the rows of a query.
pub(super) fn count(server: &mut dyn Server, rows: &str) -> Result<u64, ServerError> {
    let sql = format!("select pg_catalog.count(*)::pg_catalog.text from ({rows}) counted");
    Ok(number(&server.query(&sql, &[])?))
}

/// Runs `work` in a subtransaction and rolls that back. The outer result tells whether it could be.
pub(crate) fn attempt<T>(
    server: &mut dyn Server,
    work: impl FnOnce(&mut dyn Server) -> Result<T, ServerError>,
) -> Result<Result<T, ServerError>, ServerError> {
    server.begin()?;
    let result = work(server);
    server.roll_back()?;
    Ok(result)
}

/// Returns the first column of the first row.
pub(crate) fn value(rows: &[Row]) -> Option<String> {
    rows.first()?.first()?.clone()
}

/// Returns the number in the first column of the first row, or 0.
pub(super) fn number(rows: &[Row]) -> u64 {
    value(rows).and_then(|text| text.parse().ok()).unwrap_or(0)
}
