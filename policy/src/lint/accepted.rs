//! Findings that somebody has accepted, with a reason: rows of `authguard.accepted_finding`.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::server::{Server, ServerError};

/// True if the table is the extension's and this role may read it. A table, or view, that somebody
/// has put in its place is not read.
const MAY_READ: &str = "
select (pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
        and pg_catalog.has_table_privilege(c.oid, 'SELECT'))::pg_catalog.text
  from pg_catalog.pg_class c
  join pg_catalog.pg_depend x
    on x.objid operator(pg_catalog.=) c.oid
   and x.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
   and x.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
   and x.deptype operator(pg_catalog.=) 'e'
  join pg_catalog.pg_extension e
    on e.oid operator(pg_catalog.=) x.refobjid and e.extname operator(pg_catalog.=) 'authguard'
 where c.oid operator(pg_catalog.=) pg_catalog.to_regclass('authguard.accepted_finding')
   and c.relkind operator(pg_catalog.=) 'r'";

/// Those that are in force: an acceptance that is past its end counts no more.
const ACCEPTED: &str = "
select a.fingerprint::pg_catalog.text, a.reason::pg_catalog.text
  from authguard.accepted_finding a
 where a.until is null or a.until operator(pg_catalog.>) pg_catalog.now()";

/// Marks the findings that are accepted in the database, if it has the extension and this role may
/// read what is accepted.
///
/// # Errors
///
/// Whatever the server answers instead.
pub fn mark_accepted(
    server: &mut (impl Server + ?Sized),
    findings: &mut [Finding],
) -> Result<(), ServerError> {
    let may_read = server.query(MAY_READ, &[])?;
    if may_read.into_iter().flatten().flatten().next().as_deref() != Some("true") {
        return Ok(());
    }
    let rows = server.query(ACCEPTED, &[])?.into_iter();
    let pair = |row: Vec<Option<String>>| {
        let mut row = row.into_iter();
        Some((row.next()??, row.next()??))
    };
    let mut accepted: HashMap<String, String> = rows.filter_map(pair).collect();
    for finding in findings {
        finding.reason = accepted.remove(&finding.fingerprint);
        finding.accepted = finding.reason.is_some();
    }
    Ok(())
}
