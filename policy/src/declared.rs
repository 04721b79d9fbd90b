//! Policies as statements declare them.

use crate::command::Command;
use crate::server::{Row, Server, ServerError};
use crate::{Expr, read_node};

/// A policy, with its SQL as Postgres writes it in the search path `pg_catalog, pg_temp`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Declared {
    /// The OID of the table.
    pub relation: u32,
    /// The name of the table with its schema, quoted where SQL needs that.
    pub table: String,
    /// The name of the table without its schema, quoted where SQL needs that.
    pub alias: String,
    /// The name of the policy.
    pub name: String,
    /// The letter in `pg_policy.polcmd`.
    pub command: char,
    pub permissive: bool,
    /// The roles, as SQL writes them.
    pub roles: String,
    pub using: Option<Condition>,
    pub check: Option<Condition>,
    /// The comment, as a literal of SQL.
    pub comment: Option<String>,
    /// The numbers of the columns that are never NULL.
    pub never_null: Vec<i16>,
}

/// An expression of a policy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub sql: String,
    pub expr: Expr,
}

impl Declared {
    /// Reads the policies of these schemas, or of all that are the user's, in the order of the
    /// names of schema, table and policy. The search path has to be `pg_catalog, pg_temp`.
    pub fn list(
        server: &mut dyn Server,
        schemas: Option<&[String]>,
    ) -> Result<Vec<Self>, ServerError> {
        let schemas = schemas.map(|schemas| serde_json::json!(schemas).to_string());
        let rows = server.query(LIST, &[schemas.as_deref()])?;
        Ok(rows.iter().filter_map(Self::read).collect())
    }

    fn read(row: &Row) -> Option<Self> {
        let text = |at: usize| row.get(at)?.as_deref();
        let condition = |sql: usize, node: usize| {
            let node = read_node(text(node)?).map(|node| Expr::of(&node));
            Some(Condition {
                sql: text(sql)?.to_owned(),
                // It stays whole.
                expr: node.unwrap_or_else(|error| Expr::Opaque(error.to_string())),
            })
        };
        Some(Self {
            relation: text(0)?.parse().ok()?,
            table: text(1)?.to_owned(),
            alias: text(2)?.to_owned(),
            name: text(3)?.to_owned(),
            command: text(4)?.chars().next()?,
            permissive: text(5)? == "true",
            roles: text(6)?.to_owned(),
            using: condition(7, 8),
            check: condition(9, 10),
            comment: text(11).map(str::to_owned),
            never_null: serde_json::from_str(text(12)?).ok()?,
        })
    }

    /// The name of the policy, quoted.
    pub fn quoted(&self) -> String {
        quoted(&self.name)
    }

    /// `NAME on TABLE`
    pub fn on_table(&self) -> String {
        format!("{} on {}", self.quoted(), self.table)
    }

    /// The statement that makes it, without its comment.
    pub fn create(&self) -> String {
        format!("create policy {} {}", self.on_table(), self.terms())
    }

    /// What it says, without its name.
    pub fn terms(&self) -> String {
        let kind = if self.permissive {
            "permissive"
        } else {
            "restrictive"
        };
        let part = |word: &str, condition: &Option<Condition>| match condition {
            Some(condition) => format!(" {word} ({})", condition.sql),
            None => String::new(),
        };
        format!(
            "as {kind} for {} to {}{}{}",
            self.command_word(),
            self.roles,
            part("using", &self.using),
            part("with check", &self.check)
        )
    }

    /// The command as SQL writes it.
    pub fn command_word(&self) -> &'static str {
        Command::of_letter(self.command).map_or("all", Command::word)
    }
}

/// A name in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const LIST: &str = "
select c.oid::pg_catalog.text,
       pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.quote_ident(c.relname),
       p.polname::pg_catalog.text,
       p.polcmd::pg_catalog.text,
       p.polpermissive::pg_catalog.text,
       (select pg_catalog.string_agg(
                   coalesce(pg_catalog.quote_ident(r.rolname), 'public'), ', ' order by u.place)
          from pg_catalog.unnest(p.polroles) with ordinality u (role, place)
          left join pg_catalog.pg_roles r on r.oid = u.role),
       pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       p.polqual::pg_catalog.text,
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
       p.polwithcheck::pg_catalog.text,
       pg_catalog.quote_literal(pg_catalog.obj_description(p.oid, 'pg_policy')),
       (select coalesce(pg_catalog.json_agg(a.attnum), '[]')::pg_catalog.text
          from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and a.attnotnull and not a.attisdropped)
  from pg_catalog.pg_policy p
  join pg_catalog.pg_class c on c.oid = p.polrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where case when $1 is null
            then n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                 and not exists (
                     select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        and d.objid = c.oid and d.deptype = 'e')
            else n.nspname in (select pg_catalog.json_array_elements_text($1::pg_catalog.json))
       end
 order by n.nspname, c.relname, p.polname";
