//! Findings that somebody has accepted, with a reason: rows of `authguard.accepted_finding`.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::server::{Server, ServerError};

/// True if the table is there and this role may read it. It counts only if it is the extension's: in
/// a database without the extension anybody could have made one, or a view whose functions would run
/// with the rights of whoever asks. (`to_regclass` is an error for a role that may not use the schema.)
const MAY_READ: &str = "
select (pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        and pg_catalog.has_table_privilege(c.oid, 'SELECT'))::pg_catalog.text
  from pg_catalog.pg_extension e
  join pg_catalog.pg_depend d
    on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
   and d.refobjid operator(pg_catalog.=) e.oid and d.deptype operator(pg_catalog.=) 'e'
   and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
  join pg_catalog.pg_class c
    on c.oid operator(pg_catalog.=) d.objid and c.relkind operator(pg_catalog.=) 'r'
   and c.relname operator(pg_catalog.=) 'accepted_finding'
  join pg_catalog.pg_namespace n
    on n.oid operator(pg_catalog.=) c.relnamespace and n.nspname operator(pg_catalog.=) 'authguard'
 where e.extname operator(pg_catalog.=) 'authguard'";

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
