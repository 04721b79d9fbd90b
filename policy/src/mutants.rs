//! Mutation testing of policies: each mutant is a policy with one mistake. A suite of tests that
//! passes with it would not notice the mistake.

mod changes;
mod run;

use crate::declared::Declared;
use crate::server::{Row, Server, ServerError};
use changes::Change;
pub use run::{Fate, run_mutants};
use std::collections::HashMap;

/// A policy with one mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// The OID of the table.
    pub relation: u32,
    /// The name of the table with its schema, quoted where SQL needs that.
    pub table: String,
    /// The name of the policy, unless the mistake is one of the table.
    pub policy: Option<String>,
    /// The mistake in words.
    pub mutation: String,
    /// The statements that make it.
    pub apply: Vec<String>,
    /// The statements that undo it.
    pub undo: Vec<String>,
}

/// An operator, as SQL writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub name: String,
    /// The operator that answers the opposite.
    pub negator: Option<String>,
}

/// Returns the mutants of all policies of a schema.
///
/// # Errors
///
/// 3F000 if there is no such schema, and whatever the server answers instead.
pub fn policy_mutants(server: &mut dyn Server, schema: &str) -> Result<Vec<Mutant>, ServerError> {
    server.begin()?;
    let mutants = list(server, schema);
    let closed = server.roll_back();
    let mutants = mutants?;
    closed?;
    Ok(mutants)
}

fn list(server: &mut dyn Server, schema: &str) -> Result<Vec<Mutant>, ServerError> {
    let path = "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";
    server.query(path, &[])?;
    let tables = server.query(TABLES, &[Some(schema)])?;
    if tables.is_empty() {
        return Err(ServerError {
            sqlstate: "3F000".to_owned(),
            message: format!("schema \"{schema}\" does not exist"),
            detail: None,
            hint: None,
        });
    }
    let mut mutants: Vec<Mutant> = tables.iter().flat_map(of_table).collect();
    let operators = operators(server)?;
    for policy in Declared::list(server, Some(&[schema.to_owned()]))? {
        mutants.extend(of_policy(&policy, &operators));
    }
    // The sort is stable: the mistakes of the table come first, then those of its policies.
    mutants.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(mutants)
}

/// Returns the mutants of one policy.
pub(crate) fn of_policy(policy: &Declared, operators: &HashMap<u32, Operator>) -> Vec<Mutant> {
    let mut mutants: Vec<Mutant> = Vec::new();
    for Change {
        mutation,
        apply,
        undo,
    } in changes::of(policy, operators)
    {
        if !mutants.iter().any(|other| other.apply == apply) {
            mutants.push(Mutant {
                relation: policy.relation,
                table: policy.table.clone(),
                policy: Some(policy.name.clone()),
                mutation,
                apply,
                undo,
            });
        }
    }
    mutants
}

fn of_table(row: &Row) -> Vec<Mutant> {
    let text = |at: usize| row.get(at)?.as_deref();
    let mutant = |mutation: &str, apply: &str, undo: &str| {
        let table = text(1)?;
        Some(Mutant {
            relation: text(0)?.parse().ok()?,
            table: table.to_owned(),
            policy: None,
            mutation: mutation.to_owned(),
            apply: vec![format!("alter table {table} {apply}")],
            undo: vec![format!("alter table {table} {undo}")],
        })
    };
    let disabled = mutant(
        "row-level security disabled",
        "disable row level security",
        "enable row level security",
    );
    let unforced = (text(2) == Some("true")).then(|| {
        mutant(
            "not forced for the owner",
            "no force row level security",
            "force row level security",
        )
    });
    disabled.into_iter().chain(unforced.flatten()).collect()
}

fn operators(server: &mut dyn Server) -> Result<HashMap<u32, Operator>, ServerError> {
    let rows = server.query(OPERATORS, &[])?;
    let read = |row: &Row| {
        let text = |at: usize| row.get(at)?.as_deref();
        let operator = Operator {
            name: text(1)?.to_owned(),
            negator: text(2).map(str::to_owned),
        };
        Some((text(0)?.parse().ok()?, operator))
    };
    Ok(rows.iter().filter_map(read).collect())
}

/// The tables of a schema that have row-level security. A schema without one has an empty row.
const TABLES: &str = "
select c.oid::pg_catalog.text,
       case when c.oid is not null then pg_catalog.format('%I.%I', n.nspname, c.relname) end,
       c.relforcerowsecurity::pg_catalog.text
  from pg_catalog.pg_namespace n
  left join pg_catalog.pg_class c
         on c.relnamespace = n.oid and c.relkind in ('r', 'p') and c.relrowsecurity
 where n.nspname = $1
 order by c.relname";

/// The operators that answer true or false, as SQL writes them between two values.
const OPERATORS: &str = "
select o.oid::pg_catalog.text, w.written, v.written
  from pg_catalog.pg_operator o
  left join pg_catalog.pg_operator g on g.oid = o.oprnegate
 cross join lateral (
       select case when o.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace
                   then o.oprname::pg_catalog.text
                   else pg_catalog.format('operator(%s.%s)',
                       o.oprnamespace::pg_catalog.regnamespace, o.oprname) end as written) w
 cross join lateral (
       select case when g.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace
                   then g.oprname::pg_catalog.text
                   when g.oid is not null
                   then pg_catalog.format('operator(%s.%s)',
                       g.oprnamespace::pg_catalog.regnamespace, g.oprname) end as written) v
 where o.oprresult = 'pg_catalog.bool'::pg_catalog.regtype and o.oprkind = 'b'";
