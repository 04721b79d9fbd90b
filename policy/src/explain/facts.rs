//! What the catalogue says about a table or view.

use super::command::{Action, Command, Kind};
use super::error::error;
use crate::{Row, Server, ServerError};

/// A table or view.
pub(super) struct Relation {
    pub oid: String,
    /// The name as SQL writes it.
    pub qualified: String,
    /// The name without its schema, as SQL writes it.
    pub alias: String,
    /// The name for a message: without the schema if it is in the search path.
    pub title: String,
    pub schema: String,
    pub relkind: String,
    pub has_row_security: bool,
    pub is_forced: bool,
    pub owner: String,
    pub is_invoker: bool,
    /// The commands that triggers or rules change before policies see the row.
    changing: String,
    /// The bits of `pg_relation_is_updatable`.
    takes: u32,
    pub columns: Vec<Column>,
}

/// A column.
pub(super) struct Column {
    pub number: i16,
    pub name: String,
    /// The name as SQL writes it.
    pub quoted: String,
    pub type_name: String,
    pub is_generated: bool,
    pub is_identity: bool,
    pub is_always_identity: bool,
    /// The expression of a default, also that of its domain, or of a generated column.
    pub default: Option<String>,
    /// The sequence that its default draws a number from.
    pub sequence: Option<String>,
    pub in_key: bool,
    /// True if the role that looks the relation up may read it.
    pub is_readable: bool,
}

const RELATION: &str = "
    with recursive child (oid) as (
        select case when $1 operator(pg_catalog.~) '^[0-9]+$' then $1::pg_catalog.oid
               else $1::pg_catalog.regclass::pg_catalog.oid end
        union
        select i.inhrelid from child
          join pg_catalog.pg_inherits i on i.inhparent operator(pg_catalog.=) child.oid)
    select c.oid::pg_catalog.text,
           pg_catalog.format('%I.%I', n.nspname, c.relname),
           pg_catalog.quote_ident(c.relname),
           c.oid::pg_catalog.regclass::pg_catalog.text,
           n.nspname::pg_catalog.text,
           c.relkind::pg_catalog.text,
           (c.relrowsecurity and c.oid operator(pg_catalog.>=) 16384)::pg_catalog.text,
           c.relforcerowsecurity::pg_catalog.text,
           pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text,
           coalesce((select o.option_value::pg_catalog.bool
                       from pg_catalog.pg_options_to_table(c.reloptions) o
                      where o.option_name operator(pg_catalog.=) 'security_invoker'),
                    false)::pg_catalog.text,
           pg_catalog.concat(
               (select pg_catalog.string_agg(pg_catalog.concat(
                           case when t.tgtype operator(pg_catalog.&) 4::pg_catalog.int2
                                     operator(pg_catalog.<>) 0 then 'a' end,
                           case when t.tgtype operator(pg_catalog.&) 8::pg_catalog.int2
                                     operator(pg_catalog.<>) 0 then 'd' end,
                           case when t.tgtype operator(pg_catalog.&) 16::pg_catalog.int2
                                     operator(pg_catalog.<>) 0 then 'w' end), '')
                  from pg_catalog.pg_trigger t
                 where t.tgrelid operator(pg_catalog.=) any (array(select child.oid from child))
                   and t.tgenabled operator(pg_catalog.<>) 'D'
                   and t.tgtype operator(pg_catalog.&) 3::pg_catalog.int2
                       operator(pg_catalog.=) 3::pg_catalog.int2),
               (select pg_catalog.string_agg(case r.ev_type when '2' then 'w' when '3' then 'a'
                                             when '4' then 'd' else '' end, '')
                  from pg_catalog.pg_rewrite r
                 where r.ev_class operator(pg_catalog.=) c.oid
                   and r.ev_enabled operator(pg_catalog.<>) 'D')),
           pg_catalog.pg_relation_is_updatable(c.oid, true)::pg_catalog.text
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
     where c.oid operator(pg_catalog.=) (
           case when $1 operator(pg_catalog.~) '^[0-9]+$' then $1::pg_catalog.oid
           else $1::pg_catalog.regclass::pg_catalog.oid end)";

const COLUMNS: &str = "
    select a.attnum::pg_catalog.text,
           a.attname::pg_catalog.text,
           pg_catalog.quote_ident(a.attname),
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           (a.attgenerated operator(pg_catalog.<>) '')::pg_catalog.text,
           (a.attidentity operator(pg_catalog.<>) '')::pg_catalog.text,
           (a.attidentity operator(pg_catalog.=) 'a')::pg_catalog.text,
           coalesce(
               (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d
                 where d.adrelid operator(pg_catalog.=) a.attrelid
                   and d.adnum operator(pg_catalog.=) a.attnum),
               (select pg_catalog.pg_get_expr(t.typdefaultbin, 0) from pg_catalog.pg_type t
                 where t.oid operator(pg_catalog.=) a.atttypid
                   and a.attidentity operator(pg_catalog.=) '')),
           (select s.oid::pg_catalog.text from pg_catalog.pg_attrdef d
              join pg_catalog.pg_depend e
                on e.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass
               and e.objid operator(pg_catalog.=) d.oid
               and e.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
              join pg_catalog.pg_class s
                on s.oid operator(pg_catalog.=) e.refobjid
               and s.relkind operator(pg_catalog.=) 'S'
             where d.adrelid operator(pg_catalog.=) a.attrelid
               and d.adnum operator(pg_catalog.=) a.attnum
             limit 1),
           coalesce(a.attnum operator(pg_catalog.=) any (i.indkey), false)::pg_catalog.text,
           pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select')::pg_catalog.text
      from pg_catalog.pg_attribute a
      left join pg_catalog.pg_index i
        on i.indrelid operator(pg_catalog.=) a.attrelid and i.indisprimary
     where a.attrelid operator(pg_catalog.=) $1::pg_catalog.oid
       and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
     order by a.attnum";

/// For columns that pick rows: the type below domains, and the operator that compares it. They are
/// compared with the rights of the caller, so nothing in it may be somebody's function: the check
/// of a domain is one. Other types have no row, and are compared by their text.
const KEYS: &str = "
    with recursive base (attname, oid) as (
        select a.attname, a.atttypid from pg_catalog.pg_attribute a
         where a.attrelid operator(pg_catalog.=) $1::pg_catalog.oid
           and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
           and a.attname::pg_catalog.text operator(pg_catalog.=)
               any (array(select k from pg_catalog.jsonb_object_keys($2::pg_catalog.jsonb) k))
        union
        select b.attname, t.typbasetype from base b
          join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) b.oid
         where t.typtype operator(pg_catalog.=) 'd')
    select b.attname::pg_catalog.text,
           pg_catalog.format_type(t.oid, -1),
           (select pg_catalog.format('operator(%I.%s)', n.nspname, o.oprname)
              from pg_catalog.pg_opclass k
              join pg_catalog.pg_am m on m.oid operator(pg_catalog.=) k.opcmethod
              join pg_catalog.pg_amop p
                on p.amopfamily operator(pg_catalog.=) k.opcfamily
               and p.amoplefttype operator(pg_catalog.=) k.opcintype
               and p.amoprighttype operator(pg_catalog.=) k.opcintype
               and p.amopstrategy operator(pg_catalog.=) 3
              join pg_catalog.pg_operator o on o.oid operator(pg_catalog.=) p.amopopr
              join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) o.oprnamespace
             where k.opcdefault and m.amname operator(pg_catalog.=) 'btree'
               and k.opcintype operator(pg_catalog.=) case
                       when t.oid operator(pg_catalog.=)
                            'pg_catalog.varchar'::pg_catalog.regtype then 'pg_catalog.text'
                       when t.oid operator(pg_catalog.=)
                            'pg_catalog.cidr'::pg_catalog.regtype then 'pg_catalog.inet'
                       when t.typtype operator(pg_catalog.=) 'e' then 'pg_catalog.anyenum'
                       when t.typtype operator(pg_catalog.=) 'r' then 'pg_catalog.anyrange'
                       when t.typtype operator(pg_catalog.=) 'm' then 'pg_catalog.anymultirange'
                       when t.typsubscript operator(pg_catalog.=)
                            'pg_catalog.array_subscript_handler'::pg_catalog.regproc
                            and t.typlen operator(pg_catalog.=) -1 then 'pg_catalog.anyarray'
                       else null end::pg_catalog.regtype
                or k.opcdefault and m.amname operator(pg_catalog.=) 'btree'
               and k.opcintype operator(pg_catalog.=) t.oid
             limit 1)
      from base b
      join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) b.oid
      left join pg_catalog.pg_type e on e.oid operator(pg_catalog.=) t.typelem
     where t.typtype::pg_catalog.text operator(pg_catalog.=) any (array['b', 'e'])
       and coalesce(e.typtype, 'b')::pg_catalog.text operator(pg_catalog.=) any (array['b', 'e'])
        or t.typtype::pg_catalog.text operator(pg_catalog.=) any (array['r', 'm'])
       and t.oid operator(pg_catalog.<) 16384";

/// How a column that picks rows is compared.
pub(super) struct Key {
    pub name: String,
    pub type_name: String,
    pub operator: Option<String>,
}

impl Relation {
    /// Looks up a table or view, whose name is as SQL writes it, or its OID.
    pub fn find(server: &mut dyn Server, name: Option<&str>) -> Result<Self, ServerError> {
        let Some(name) = name else {
            return Err(error(
                "22004",
                "relation must not be null",
                "Name the table or view.",
            ));
        };
        let rows = server.query(RELATION, &[Some(name)])?;
        let Some(row) = rows.into_iter().next() else {
            return Err(error(
                "42P01",
                format!("relation {name} does not exist"),
                "Name a table or view that is there.",
            ));
        };
        let mut texts = Texts::of(row);
        let relation = Self {
            oid: texts.next(),
            qualified: texts.next(),
            alias: texts.next(),
            title: texts.next(),
            schema: texts.next(),
            relkind: texts.next(),
            has_row_security: texts.is_true(),
            is_forced: texts.is_true(),
            owner: texts.next(),
            is_invoker: texts.is_true(),
            changing: texts.next(),
            takes: texts.next().parse().unwrap_or_default(),
            columns: Vec::new(),
        };
        if !matches!(&*relation.relkind, "r" | "p" | "v" | "m" | "f") {
            return Err(error(
                "42809",
                format!("{} is no table or view", relation.title),
                "Name a table, a view or a foreign table.",
            ));
        }
        let columns = server.query(COLUMNS, &[Some(&relation.oid)])?;
        Ok(Self {
            columns: columns.into_iter().filter_map(Column::of).collect(),
            ..relation
        })
    }

    /// Returns true for a view, whose rows only the statement itself tells.
    pub fn is_view(&self) -> bool {
        matches!(&*self.relkind, "v")
    }

    /// Returns true for a foreign table that its wrapper lets nobody write with this command.
    pub fn takes_no(&self, command: Command) -> bool {
        let bit = match command.kind() {
            Kind::Select => return false,
            Kind::Update => 4,
            Kind::Insert => 8,
            Kind::Delete => 16,
        };
        self.relkind == "f" && self.takes & bit == 0
    }

    /// Returns true if a trigger or a rule may change the row before policies see it.
    pub fn is_changed_by(&self, command: Command) -> bool {
        let words: &[char] = match command.kind() {
            Kind::Select => return false,
            Kind::Insert if command.action == Action::Upsert => &['a', 'w'],
            Kind::Insert => &['a'],
            Kind::Update => &['w'],
            Kind::Delete => &['d'],
        };
        self.changing.contains(words)
    }

    /// Returns the columns that pick rows: those that are members of a JSON object.
    pub fn keys(&self, server: &mut dyn Server, json: &str) -> Result<Vec<Key>, ServerError> {
        let rows = server.query(KEYS, &[Some(&self.oid), Some(json)])?;
        let key = |row| {
            let mut texts = Texts::of(row);
            Key {
                name: texts.next(),
                type_name: texts.next(),
                operator: texts.optional(),
            }
        };
        Ok(rows.into_iter().map(key).collect())
    }

    pub fn column(&self, number: i16) -> Option<&Column> {
        self.columns.iter().find(|column| column.number == number)
    }
}

impl Column {
    /// Returns true if an insert that leaves it out draws a number, which no rollback gives back.
    pub fn draws(&self) -> bool {
        self.is_identity || self.sequence.is_some()
    }

    fn of(row: Row) -> Option<Self> {
        let mut texts = Texts::of(row);
        Some(Self {
            number: texts.next().parse().ok()?,
            name: texts.next(),
            quoted: texts.next(),
            type_name: texts.next(),
            is_generated: texts.is_true(),
            is_identity: texts.is_true(),
            is_always_identity: texts.is_true(),
            default: texts.optional(),
            sequence: texts.optional(),
            in_key: texts.is_true(),
            is_readable: texts.is_true(),
        })
    }
}

/// The columns of a row, one after the other.
pub(super) struct Texts(std::vec::IntoIter<Option<String>>);

impl Texts {
    pub fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub fn optional(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    pub fn next(&mut self) -> String {
        self.optional().unwrap_or_default()
    }

    pub fn is_true(&mut self) -> bool {
        self.optional().as_deref() == Some("true")
    }
}
