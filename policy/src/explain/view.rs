//! What a view reads, and with whose rights.

use super::facts::{Relation, Texts};
use super::step::{Gate, Outcome, Step};
use crate::{Row, Server, ServerError};

const READ: &str = "
    select distinct c.oid::pg_catalog.regclass::pg_catalog.text, w.rolname::pg_catalog.text,
           (pg_catalog.has_table_privilege(w.oid, c.oid, 'select')
            or pg_catalog.has_any_column_privilege(w.oid, c.oid, 'select'))::pg_catalog.text,
           case when not c.relrowsecurity then 'off'
                when w.rolsuper or w.rolbypassrls then 'bypassed'
                when pg_catalog.pg_has_role(w.oid, c.relowner, 'usage')
                     and not c.relforcerowsecurity then 'owned'
                else 'on' end
      from pg_catalog.pg_rewrite r
      join pg_catalog.pg_depend d
        on d.classid operator(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
       and d.objid operator(pg_catalog.=) r.oid
       and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
       and d.deptype operator(pg_catalog.=) 'n'
      join pg_catalog.pg_class c
        on c.oid operator(pg_catalog.=) d.refobjid
       and c.oid operator(pg_catalog.<>) r.ev_class
       and c.relkind::pg_catalog.text operator(pg_catalog.=) any (array['r', 'p', 'v', 'm', 'f'])
      join pg_catalog.pg_roles w
        on w.rolname operator(pg_catalog.=)
           case when $2 operator(pg_catalog.=) 'invoker' then current_user
                else $3::pg_catalog.name end
     where r.ev_class operator(pg_catalog.=) $1::pg_catalog.oid
       and r.rulename operator(pg_catalog.=) '_RETURN'
     order by 1";

/// Returns a gate for each table or view that a view reads.
pub(super) fn steps(
    server: &mut dyn Server,
    relation: &Relation,
) -> Result<Vec<Step>, ServerError> {
    let whose = if relation.is_invoker {
        "invoker"
    } else {
        "owner"
    };
    let parameters = [Some(&*relation.oid), Some(whose), Some(&*relation.owner)];
    let rows = server.query(READ, &parameters)?;
    Ok(rows.into_iter().map(|row| step(relation, row)).collect())
}

fn step(relation: &Relation, row: Row) -> Step {
    let mut texts = Texts::of(row);
    let (name, who, may_read) = (texts.next(), texts.next(), texts.is_true());
    let with = match relation.is_invoker {
        true => format!("read with the rights of {who} (security_invoker)"),
        false => format!("read with the rights of the view's owner, {who}"),
    };
    let policies = match &*texts.next() {
        "off" => "its row-level security is off".to_owned(),
        "on" => format!("its policies for {who} apply"),
        "owned" => format!("no policy of it applies to {who}, who has the rights of its owner"),
        _ => format!("no policy of it applies to {who}, who bypasses row-level security"),
    };
    Step {
        gate: Gate::View,
        name: Some(name),
        clause: Some("SELECT".to_owned()),
        result: Outcome::of(may_read),
        note: Some(format!("{with}; {policies}")),
    }
}
