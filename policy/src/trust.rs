//! Whose code a query runs when it only reads rows of a table.
//!
//! The planner evaluates calls with constant arguments in what belongs to a table: index
//! expressions and predicates, checks of children, extended statistics, partition keys
//! (eval_const_expressions in optimizer/util/clauses.c, called by RelationGetIndexExpressions,
//! get_relation_constraints and others). A foreign table reads what its owner says. Such code would
//! run with the rights of whoever asks about the table.

use crate::explain::as_identity;
use crate::server::{Server, ServerError};

/// Who may read a table's rows without lending rights to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowReader {
    /// The caller: the code is its own, Postgres's or a superuser's.
    Caller,
    /// The owner of the table, whose rights that code has anyway.
    Owner(String),
    /// Nobody: the owner is a superuser.
    Nobody,
}

impl RowReader {
    /// Finds out who may read a table, of which the OID is given.
    pub fn of(server: &mut dyn Server, oid: &str) -> Result<Self, ServerError> {
        let rows = server.query(READER, &[Some(oid)])?;
        let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
        let (runs_code, owner) = (row.next().flatten(), row.next().flatten());
        Ok(match (runs_code.as_deref(), owner) {
            (Some("false"), _) => Self::Caller,
            (_, Some(owner)) => Self::Owner(owner),
            (_, None) => Self::Nobody,
        })
    }

    /// The name of who reads, if the caller has this one.
    pub fn name<'n>(&'n self, caller: &'n str) -> &'n str {
        match self {
            Self::Owner(owner) => owner,
            _ => caller,
        }
    }

    /// Runs `work`, which reads rows of the table, as whoever may. Nothing is returned if that is
    /// nobody whom the caller may become. Nothing of it is left behind.
    pub fn read<R>(
        &self,
        server: &mut dyn Server,
        work: impl FnOnce(&mut dyn Server) -> Result<R, ServerError>,
    ) -> Result<Option<R>, ServerError> {
        if let Self::Nobody = self {
            return Ok(None);
        }
        server.begin()?;
        let taken = match self {
            Self::Owner(owner) => as_identity(server, None, Some(owner)),
            _ => Ok(()),
        };
        let result = match taken {
            Ok(()) => work(server).map(Some),
            Err(problem) if problem.sqlstate == "42501" => Ok(None),
            Err(problem) => Err(problem),
        };
        server.roll_back()?;
        result
    }
}

const READER: &str = "
    with recursive tree (oid) as (
        select $1::pg_catalog.oid
        union
        select i.inhrelid from tree
          join pg_catalog.pg_inherits i on i.inhparent operator(pg_catalog.=) tree.oid),
    part (classid, objid) as (
        select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, tree.oid from tree
        union all
        select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, i.indexrelid
          from tree join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) tree.oid
        union all
        select 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, k.oid
          from tree join pg_catalog.pg_constraint k on k.conrelid operator(pg_catalog.=) tree.oid
        union all
        select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass::pg_catalog.oid, s.oid
          from tree
          join pg_catalog.pg_statistic_ext s on s.stxrelid operator(pg_catalog.=) tree.oid),
    author (oid) as (
        select c.relowner from tree
          join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) tree.oid
         where c.relkind operator(pg_catalog.=) 'f'
        union all
        select f.proowner from part
          join pg_catalog.pg_depend d
            on d.classid operator(pg_catalog.=) part.classid
           and d.objid operator(pg_catalog.=) part.objid
          left join pg_catalog.pg_operator o
            on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass
           and o.oid operator(pg_catalog.=) d.refobjid
          join pg_catalog.pg_proc f
            on f.oid operator(pg_catalog.=) coalesce(o.oprcode::pg_catalog.oid,
               case when d.refclassid operator(pg_catalog.=)
                         'pg_catalog.pg_proc'::pg_catalog.regclass then d.refobjid end))
    select exists (
               select from author
                 join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) author.oid
                where not r.rolsuper
                  and r.rolname operator(pg_catalog.<>) current_user)::pg_catalog.text,
           (select r.rolname::pg_catalog.text from pg_catalog.pg_class c
              join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) c.relowner
             where c.oid operator(pg_catalog.=) $1::pg_catalog.oid and not r.rolsuper)";
