//! Detection of a database that is a copy: restored, cloned or upgraded.

use super::tables::{Column, installation};
use crate::pg::catalog::{self, Snapshot};
use crate::pg::log::{self, LogLevel};
use crate::pg::relation::Relation;
use crate::pg::{state::PerBackend, transaction};
use pgrx::pg_sys::Oid;
use std::cell::Cell;

/// Returns true unless `authguard.installation` has exactly one row and that row names this
/// database. A restored dump brings a second row; a clone or an upgrade has the row of another
/// database. The log says so.
pub fn read(table: &Relation, columns: &[i16]) -> bool {
    let at = |column: Column| columns[usize::from(column.0)];
    let (mut rows, mut ours) = (0, 0);
    catalog::scan_in(table, None, &[], Snapshot::FRESH, |row| {
        rows += 1;
        let here = (
            row.get::<i64>(at(installation::SYSTEM_IDENTIFIER)),
            row.get::<Oid>(at(installation::DATABASE)),
        );
        ours += i32::from(
            here == (
                Some(catalog::system_identifier()),
                Some(catalog::database()),
            ),
        );
    });
    let is_copy = (rows, ours) != (1, 1);
    if is_copy {
        log_copy();
    }
    is_copy
}

/// Logs once in each connection that the database is a copy. A parallel worker does not log it,
/// because its leader has.
fn log_copy() {
    static LOGGED: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));
    if !transaction::is_parallel_worker() && !LOGGED.replace(true) {
        log::server_only(
            LogLevel::Warning,
            c"this database was restored, cloned or upgraded: authguard may not know what was revoked since",
            Some(c"Where in doubt: authguard.end_all_sessions(). Then: authguard.acknowledge_restore()."),
        );
    }
}
