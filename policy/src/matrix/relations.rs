//! What the catalogs say about a relation, and about the rights of a role on it.

use super::{MAX_PAGES, MAX_ROWS};
use crate::server::{Row, Server, ServerError};

/// A table, view or the like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    /// The OID.
    pub(crate) oid: u32,
    /// The name with its schema, quoted where SQL needs that.
    pub(crate) name: String,
    /// The schema, not quoted.
    pub(crate) schema: String,
    /// The letter in `pg_class.relkind`.
    pub(crate) kind: char,
    /// True if row-level security is enabled.
    pub(crate) has_rls: bool,
    /// The pages of it and of all tables below it.
    pub(crate) pages: u64,
    /// The tables that have these pages.
    pub(crate) tables: u64,
    /// The bits of `pg_relation_is_updatable`: 4 for UPDATE, 8 for INSERT, 16 for DELETE.
    pub(crate) takes: u32,
    /// True if policies apply to the caller.
    pub(crate) is_partly_seen: bool,
    /// True for a view of somebody else, whose code the caller does not run.
    pub(crate) is_strange: bool,
}

impl Relation {
    /// Reads the relations of these OIDs, or all that are the user's, in the order of their names.
    pub(crate) fn list(
        server: &mut dyn Server,
        oids: Option<&[u32]>,
    ) -> Result<Vec<Self>, ServerError> {
        let array = oids.map(array_of);
        let rows = server.query(LIST, &[array.as_deref()])?;
        let all: Vec<Self> = rows.iter().filter_map(Self::read).collect();
        for oid in oids.unwrap_or_default() {
            if !all.iter().any(|relation| relation.oid == *oid) {
                let name = "select $1::pg_catalog.oid::pg_catalog.regclass::pg_catalog.text";
                let name = server.query(name, &[Some(&oid.to_string())])?;
                let name = name.into_iter().flatten().flatten().next();
                return Err(ServerError {
                    sqlstate: "42809".to_owned(),
                    message: format!(
                        "relation {} is no table and no view",
                        name.unwrap_or_default()
                    ),
                    detail: None,
                    hint: None,
                });
            }
        }
        Ok(all)
    }

    fn read(row: &Row) -> Option<Self> {
        let text = |at: usize| row.get(at)?.as_deref();
        Some(Self {
            oid: text(0)?.parse().ok()?,
            name: text(1)?.to_owned(),
            schema: text(2)?.to_owned(),
            kind: text(3)?.chars().next()?,
            has_rls: text(4)? == "true",
            pages: text(5)?.parse().ok()?,
            tables: text(6)?.parse().ok()?,
            takes: text(7)?.parse().ok()?,
            is_partly_seen: text(8)? == "true",
            is_strange: text(9)? == "true",
        })
    }

    /// Returns true for a table whose rows are kept by Postgres, here or in partitions.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.kind, 'r' | 'p')
    }

    /// Returns true if only a part of it is read.
    pub(crate) fn is_large(&self) -> bool {
        self.pages > MAX_PAGES
    }

    /// The clause that reads a part of a large table, always the same one.
    pub(crate) fn sample(&self) -> String {
        if !self.is_large() {
            return String::new();
        }
        let percent = 100_u64.saturating_mul(MAX_PAGES) as f64 / self.pages as f64;
        format!(" tablesample pg_catalog.system ({percent:.6}) repeatable (1)")
    }

    /// The condition for the first pages of each table below it.
    pub(crate) fn first_pages(&self) -> String {
        let pages = MAX_PAGES.checked_div(self.tables).unwrap_or(1).max(1);
        format!("ctid operator(pg_catalog.<) '({pages},0)'::pg_catalog.tid")
    }

    /// The query of rows to count.
    pub(crate) fn rows(&self) -> String {
        let Self { name, .. } = self;
        if self.is_table() || self.kind == 'm' {
            format!("select from {name}{}", self.sample())
        } else {
            format!("select from {name} limit {MAX_ROWS}")
        }
    }
}

/// The rights of a role on a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// USAGE on the schema.
    pub(crate) schema: bool,
    /// Any column may be read.
    pub(crate) select: bool,
    /// All columns may be read, those of the system, too.
    pub(crate) select_all: bool,
    /// Any column may be given in INSERT.
    pub(crate) insert: bool,
    /// Columns that may be changed, quoted where SQL needs that: one of a table, all of a view.
    pub(crate) update: Vec<String>,
    /// DELETE.
    pub(crate) delete: bool,
    /// TRUNCATE.
    pub(crate) truncate: bool,
    /// Policies apply to the role.
    pub(crate) is_subject: bool,
    /// The reason why policies do not apply, although row-level security is enabled.
    pub(crate) exempt: Option<String>,
    /// Commands for which a permissive policy applies to the role: letters of `polcmd`.
    pub(crate) permissive: String,
}

impl Rights {
    pub(crate) fn of(
        server: &mut dyn Server,
        relation: &Relation,
        role: &str,
    ) -> Result<Self, ServerError> {
        let oid = relation.oid.to_string();
        let rows = server.query(RIGHTS, &[Some(&oid), Some(role)])?;
        let row = rows.first().and_then(Self::read);
        row.ok_or_else(|| ServerError {
            sqlstate: "42704".to_owned(),
            message: format!("role \"{role}\" does not exist"),
            detail: None,
            hint: None,
        })
    }

    fn read(row: &Row) -> Option<Self> {
        let text = |at: usize| row.get(at)?.as_deref();
        let holds = |at| Some(text(at)? == "true");
        Some(Self {
            schema: holds(0)?,
            select: holds(1)?,
            select_all: holds(2)?,
            insert: holds(3)?,
            update: serde_json::from_str(text(4)?).ok()?,
            delete: holds(5)?,
            truncate: holds(6)?,
            is_subject: holds(7)?,
            exempt: text(8).map(str::to_owned),
            permissive: text(9).unwrap_or_default().to_owned(),
        })
    }

    /// Returns true if the role may run any command.
    pub(crate) fn has_any(&self) -> bool {
        self.schema && (self.select || self.delete || self.may_write_rows())
    }

    /// Returns true if the role may insert or change rows.
    pub(crate) fn may_write_rows(&self) -> bool {
        self.schema && (self.insert || !self.update.is_empty())
    }

    /// Returns true if a permissive policy for the command applies.
    pub(crate) fn is_admitted(&self, letter: &str) -> bool {
        self.permissive.contains(letter) || self.permissive.contains('*')
    }
}

/// An array of OIDs as text.
pub(crate) fn array_of(oids: &[u32]) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("{{{}}}", oids.join(","))
}

const LIST: &str = "
select c.oid::pg_catalog.text,
       pg_catalog.format('%I.%I', n.nspname, c.relname),
       n.nspname::pg_catalog.text,
       c.relkind::pg_catalog.text,
       c.relrowsecurity::pg_catalog.text,
       below.pages::pg_catalog.text,
       below.tables::pg_catalog.text,
       pg_catalog.pg_relation_is_updatable(c.oid, true)::pg_catalog.text,
       pg_catalog.row_security_active(c.oid)::pg_catalog.text,
       (c.relkind = 'v' and c.relowner <> (
           select r.oid from pg_catalog.pg_roles r where r.rolname = current_user)
        and not (select r.rolsuper from pg_catalog.pg_roles r where r.oid = c.relowner)
       )::pg_catalog.text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 cross join lateral (
       with recursive tree (oid) as (
           select c.oid
           union
           select i.inhrelid from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid)
       select pg_catalog.count(*) as tables,
              coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(t.oid)
                  / pg_catalog.current_setting('block_size')::pg_catalog.int8), 0) as pages
         from tree t join pg_catalog.pg_class k on k.oid = t.oid and k.relkind in ('r', 'm')
       ) below
 where c.relkind in ('r', 'p', 'v', 'm', 'f')
   and case when $1 is null
            then n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                 and c.relpersistence <> 't'
                 and not exists (
                     select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        and d.objid = c.oid and d.deptype = 'e')
            else c.oid = any ($1::pg_catalog.oid[]) end
 order by n.nspname, c.relname";

/// A role is subject to policies as in `check_enable_rls` (src/backend/utils/misc/rls.c).
const RIGHTS: &str = "
select pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'usage')::pg_catalog.text,
       pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select')::pg_catalog.text,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'select')::pg_catalog.text,
       pg_catalog.has_any_column_privilege(r.oid, c.oid, 'insert')::pg_catalog.text,
       (select coalesce(pg_catalog.json_agg(a.name), '[]')::pg_catalog.text
          from (select pg_catalog.quote_ident(a.attname) as name
                  from pg_catalog.pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                   and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'update')
                   and pg_catalog.pg_column_is_updatable(c.oid, a.attnum, true)
                 order by a.attnum limit case when c.relkind <> 'v' then 1 end) a),
       pg_catalog.has_table_privilege(r.oid, c.oid, 'delete')::pg_catalog.text,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'truncate')::pg_catalog.text,
       (c.relrowsecurity and x.reason is null)::pg_catalog.text,
       case when c.relrowsecurity then x.reason end,
       (select pg_catalog.string_agg(p.polcmd::pg_catalog.text, '')
          from pg_catalog.pg_policy p
         where p.polrelid = c.oid and p.polpermissive
           and exists (select from pg_catalog.unnest(p.polroles) u (role)
                        where u.role = 0 or pg_catalog.pg_has_role(r.oid, u.role, 'usage')))
  from pg_catalog.pg_class c
 cross join pg_catalog.pg_roles r
 cross join lateral (
       select case when r.rolsuper then 'a superuser bypasses policies'
                   when r.rolbypassrls then 'BYPASSRLS'
                   when not c.relforcerowsecurity
                        and pg_catalog.pg_has_role(r.oid, c.relowner, 'usage')
                   then 'the owner bypasses policies' end as reason) x
 where c.oid = $1::pg_catalog.oid and r.rolname = $2";
