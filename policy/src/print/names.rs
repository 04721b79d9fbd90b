//! The names of what a tree keeps as OIDs.

use std::collections::{BTreeMap, BTreeSet};

use super::{NotPrinted, quoted};
use crate::datum::{self, ByteOrder};
use crate::node::Value;
use crate::server::{Row, Server, ServerError};

/// The name of an object, not quoted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Its schema.
    pub schema: String,
    /// Its name in the schema.
    pub name: String,
}

impl Name {
    /// Returns true if the schema is Postgres's own.
    pub(super) fn is_own(&self) -> bool {
        self.schema == "pg_catalog"
    }

    pub(super) fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    /// As an operator.
    pub(super) fn operator(&self) -> String {
        format!("OPERATOR({}.{})", quoted(&self.schema), self.name)
    }
}

/// What a type is called and how its values are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeName {
    /// Its name.
    pub name: Name,
    /// `typtype`: `e` for an enum, `r` for a range.
    pub kind: char,
    /// The type of the elements of an array or of the bounds of a range, otherwise 0.
    pub element: u32,
    /// The table or composite type that it is the rows of, otherwise 0.
    pub relation: u32,
    /// `typlen`: the bytes of a value, below 0 if they vary.
    pub length: i16,
    /// `typalign`, in bytes.
    pub alignment: u8,
}

/// The names of objects, by OID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The order of the bytes of constants.
    pub byte_order: ByteOrder,
    /// Functions.
    pub functions: BTreeMap<u32, Name>,
    /// Operators.
    pub operators: BTreeMap<u32, Name>,
    /// Collations.
    pub collations: BTreeMap<u32, Name>,
    /// Tables, views and composite types.
    pub relations: BTreeMap<u32, Name>,
    /// Their columns.
    pub columns: BTreeMap<(u32, i16), String>,
    /// Types.
    pub types: BTreeMap<u32, TypeName>,
    /// The labels of enums.
    pub labels: BTreeMap<u32, String>,
}

/// All objects that have one of these OIDs: a tree does not say which catalog a number is of, and
/// a name too many does no harm.
const QUERY: &str = "
with recursive used (oid) as (
  select pg_catalog.unnest($1::pg_catalog.oid[])
), types as (
  select t.* from pg_catalog.pg_type t join used on used.oid operator(pg_catalog.=) t.oid
  union
  select t.* from types u left join pg_catalog.pg_range r on r.rngtypid operator(pg_catalog.=) u.oid
    join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) any (array[u.typelem, r.rngsubtype])
), relations as (
  select c.oid, c.relname, c.relnamespace from pg_catalog.pg_class c
   where c.oid operator(pg_catalog.=) any (select oid from used union all select typrelid from types)
)
select 'function', p.oid::text, n.nspname::text, p.proname::text, null, null, null, null, null
  from pg_catalog.pg_proc p join used on used.oid operator(pg_catalog.=) p.oid
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
union all
select 'operator', o.oid::text, n.nspname::text, o.oprname::text, null, null, null, null, null
  from pg_catalog.pg_operator o join used on used.oid operator(pg_catalog.=) o.oid
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) o.oprnamespace
union all
select 'collation', c.oid::text, n.nspname::text, c.collname::text, null, null, null, null, null
  from pg_catalog.pg_collation c join used on used.oid operator(pg_catalog.=) c.oid
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.collnamespace
union all
select 'relation', c.oid::text, n.nspname::text, c.relname::text, null, null, null, null, null
  from relations c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
union all
select 'column', a.attrelid::text, '', a.attname::text, a.attnum::text, null, null, null, null
  from relations c join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
 where not a.attisdropped
union all
select 'type', t.oid::text, n.nspname::text, t.typname::text, t.typtype::text,
       case when t.typsubscript operator(pg_catalog.=) 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
            then t.typelem else coalesce(r.rngsubtype, 0) end::text,
       t.typrelid::text, t.typlen::text, t.typalign::text
  from types t left join pg_catalog.pg_range r on r.rngtypid operator(pg_catalog.=) t.oid
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
union all
select 'label', e.oid::text, '', e.enumlabel::text, null, null, null, null, null
  from types t join pg_catalog.pg_enum e on e.enumtypid operator(pg_catalog.=) t.oid";

impl Names {
    /// Asks a server for the names that some trees need, those of the columns of a table too.
    ///
    /// # Errors
    ///
    /// What the server answers instead.
    pub fn ask(
        server: &mut dyn Server,
        values: &[&Value<'_>],
        relation: u32,
    ) -> Result<Self, ServerError> {
        let mut oids = BTreeSet::from([relation]);
        let mut left = values.to_vec();
        while let Some(value) = left.pop() {
            match value {
                Value::Token(_) => oids.extend(value.as_number::<u32>()),
                Value::Numbers(numbers) => {
                    oids.extend(numbers.iter().filter_map(|oid| u32::try_from(*oid).ok()));
                }
                Value::Node(node) => left.extend(node.fields.iter().map(|(_, value)| value)),
                Value::List(values) => left.extend(values),
                Value::Null | Value::Datum(_) => {}
            }
        }
        let oids: Vec<_> = oids.iter().map(u32::to_string).collect();
        let oids = format!("{{{}}}", oids.join(","));
        let mut names = Self::default();
        let query = format!(
            "{QUERY} union all\nselect 'byte', '0', '', {}, null, null, null, null, null",
            datum::FIRST_BYTE
        );
        for row in server.query(&query, &[Some(&oids)])? {
            names.add(&row);
        }
        Ok(names)
    }

    fn add(&mut self, row: &Row) -> Option<()> {
        let text = |column: usize| row.get(column)?.as_deref();
        let oid = text(1)?.parse().ok()?;
        let name = Name {
            schema: text(2)?.to_owned(),
            name: text(3)?.to_owned(),
        };
        match text(0)? {
            "function" => drop(self.functions.insert(oid, name)),
            "operator" => drop(self.operators.insert(oid, name)),
            "collation" => drop(self.collations.insert(oid, name)),
            "relation" => drop(self.relations.insert(oid, name)),
            "byte" => self.byte_order = ByteOrder::told_by(Some(&name.name)),
            "label" => drop(self.labels.insert(oid, name.name)),
            "column" => {
                let number = text(4)?.parse().ok()?;
                self.columns.insert((oid, number), name.name);
            }
            _ => {
                let type_name = TypeName {
                    name,
                    kind: text(4)?.chars().next()?,
                    element: text(5)?.parse().ok()?,
                    relation: text(6)?.parse().ok()?,
                    length: text(7)?.parse().ok()?,
                    alignment: match text(8)? {
                        "d" => 8,
                        "i" => 4,
                        "s" => 2,
                        _ => 1,
                    },
                };
                self.types.insert(oid, type_name);
            }
        }
        Some(())
    }

    pub(super) fn function(&self, oid: u32) -> Result<&Name, NotPrinted> {
        let name = self.functions.get(&oid);
        name.ok_or_else(|| NotPrinted::new(format!("function {oid}")))
    }

    pub(super) fn operator(&self, oid: u32) -> Result<&Name, NotPrinted> {
        let name = self.operators.get(&oid);
        name.ok_or_else(|| NotPrinted::new(format!("operator {oid}")))
    }

    pub(super) fn collation(&self, oid: u32) -> Result<&Name, NotPrinted> {
        let name = self.collations.get(&oid);
        name.ok_or_else(|| NotPrinted::new(format!("collation {oid}")))
    }

    pub(super) fn relation(&self, oid: u32) -> Result<&Name, NotPrinted> {
        let name = self.relations.get(&oid);
        name.ok_or_else(|| NotPrinted::new(format!("relation {oid}")))
    }

    pub(super) fn column(&self, relation: u32, attno: i16) -> Result<&str, NotPrinted> {
        let name = self.columns.get(&(relation, attno)).map(String::as_str);
        name.ok_or_else(|| NotPrinted::new(format!("column {attno} of relation {relation}")))
    }

    pub(super) fn type_name(&self, oid: u32) -> Result<&TypeName, NotPrinted> {
        let name = self.types.get(&oid);
        name.ok_or_else(|| NotPrinted::new(format!("type {oid}")))
    }
}
