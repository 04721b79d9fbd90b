//! Facts about a database, as rows of plain catalog queries: what rules judge.
//!
//! The queries work on Postgres 14 to 18, and read nothing that is closed to PUBLIC, so they work
//! as any role and on hosted servers. What depends on the extension is asked for only if it is
//! there. OIDs are the keys throughout; 0 stands for PUBLIC among roles.

mod access;
mod constant;
mod function;
mod policy;
mod queries;
mod reach;
mod read;
mod relation;
mod role;
mod row;
mod server;

use std::collections::BTreeMap;

pub use crate::command::Command;
pub use access::{Grant, Grants};
pub use function::{Body, Function, FunctionKind, Operator, TypeFact, Volatility};
pub use policy::Policy;
pub use reach::{Client, Columns, Reach};
pub use relation::{
    Attribute, ForeignKey, Index, Publication, Relation, RelationKind, RewriteRule, Subscription,
    Trigger,
};
pub use role::{Membership, Role};
pub use row::FactsError;
pub use server::{Attached, Issuer, Kind, Own, OwnProblem, OwnState, ReplacedReader, Schema};

/// The OID that stands for PUBLIC in grants and policies.
pub const PUBLIC: u32 = 0;

/// Everything that rules know of a database.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What kind of server it is.
    pub server: Kind,
    /// Schemas, temporary ones left out.
    pub schemas: BTreeMap<u32, Schema>,
    /// Roles.
    pub roles: BTreeMap<u32, Role>,
    /// Memberships of roles in roles.
    pub memberships: Vec<Membership>,
    /// Tables, views, materialized views and foreign tables, those of system schemas included.
    pub relations: BTreeMap<u32, Relation>,
    /// Policies, in the order of their tables and names.
    pub policies: Vec<Policy>,
    /// Functions, procedures and aggregates. Those of system schemas have no source.
    pub functions: BTreeMap<u32, Function>,
    /// Operators.
    pub operators: BTreeMap<u32, Operator>,
    /// Types.
    pub types: BTreeMap<u32, TypeFact>,
    /// The names that SQL has for the collations that policies name, those left out whose OIDs are
    /// the same everywhere.
    pub collations: BTreeMap<u32, String>,
    /// The labels of enums. A constant of an enum keeps the OID of its label.
    pub enum_labels: BTreeMap<u32, String>,
    /// Triggers of users.
    pub triggers: Vec<Trigger>,
    /// Rules of tables and views, also those that make a view.
    pub rewrite_rules: Vec<RewriteRule>,
    /// Publications.
    pub publications: Vec<Publication>,
    /// Subscriptions of this database.
    pub subscriptions: Vec<Subscription>,
    /// Who may do what.
    pub grants: Grants,
    /// What the extension says about itself; `None` if it is not there, or does not answer this
    /// role.
    pub own: Option<OwnState>,
}

impl Facts {
    /// Returns true if a schema is Postgres's own.
    pub fn is_system(&self, schema: u32) -> bool {
        self.schemas.get(&schema).is_none_or(Schema::is_system)
    }

    /// Returns the name of a schema, not quoted.
    pub fn schema_name(&self, schema: u32) -> &str {
        self.schemas.get(&schema).map_or("", |s| s.name.as_str())
    }

    /// Returns the name of a role as SQL spells it; `public` for [`PUBLIC`].
    pub fn role_name(&self, role: u32) -> String {
        match role {
            PUBLIC => "public".to_owned(),
            _ => self
                .roles
                .get(&role)
                .map_or_else(|| format!("\"{role}\""), |r| quote_ident(&r.name)),
        }
    }

    /// Returns the names of roles as SQL spells them, sorted, with commas between them.
    pub fn role_names(&self, roles: impl IntoIterator<Item = u32>) -> String {
        let mut names: Vec<_> = roles.into_iter().map(|r| self.role_name(r)).collect();
        names.sort();
        names.dedup();
        names.join(", ")
    }

    /// Returns a relation's name as SQL spells it, with its schema.
    pub fn relation_name(&self, relation: u32) -> String {
        match self.relations.get(&relation) {
            Some(r) => self.qualified(r.schema, &r.name),
            None => relation.to_string(),
        }
    }

    /// Returns a function's name as SQL spells it, with its schema and the types of its arguments,
    /// as `regprocedure` does.
    pub fn function_name(&self, function: u32) -> String {
        match self.functions.get(&function) {
            Some(f) => {
                let name = self.qualified(f.schema, &f.name);
                let args: Vec<_> = f.arguments.iter().map(|t| self.type_name(*t)).collect();
                format!("{name}({})", args.join(","))
            }
            None => function.to_string(),
        }
    }

    /// Returns a type's name as SQL spells it.
    pub fn type_name(&self, type_id: u32) -> String {
        match self.types.get(&type_id) {
            Some(t) => t.spelling.clone(),
            None => type_id.to_string(),
        }
    }

    /// Returns a collation's name as SQL spells it.
    pub fn collation_name(&self, collation: u32) -> String {
        match self.collations.get(&collation) {
            Some(name) => name.clone(),
            None => collation.to_string(),
        }
    }

    /// Returns the name of a column, or nothing if there is no such column.
    pub fn column_name(&self, relation: u32, attno: i16) -> Option<&str> {
        let column = self.relations.get(&relation)?.column(attno)?;
        Some(&column.name)
    }

    /// Returns a name in a schema as SQL spells it.
    pub fn qualified(&self, schema: u32, name: &str) -> String {
        let schema = quote_ident(self.schema_name(schema));
        format!("{schema}.{}", quote_ident(name))
    }

    /// Returns the policies of a relation.
    pub fn policies_of(&self, relation: u32) -> impl Iterator<Item = &Policy> {
        let first = self.policies.partition_point(|p| p.relation < relation);
        let rest = self.policies.get(first..).unwrap_or_default();
        rest.iter().take_while(move |p| p.relation == relation)
    }

    /// Returns the schema's functions of this name.
    pub fn functions_named<'f>(
        &'f self,
        schema: &'f str,
        name: &'f str,
    ) -> impl Iterator<Item = &'f Function> {
        self.functions
            .values()
            .filter(move |f| f.name == name && self.schema_name(f.schema) == schema)
    }

    /// Returns the relation of this schema and name.
    pub fn relation_named(&self, schema: &str, name: &str) -> Option<&Relation> {
        let mut relations = self.relations.values();
        relations.find(|r| r.name == name && self.schema_name(r.schema) == schema)
    }

    /// Returns the role of this name.
    pub fn role_named(&self, name: &str) -> Option<&Role> {
        self.roles.values().find(|r| r.name == name)
    }

    /// Returns true if a function belongs to a system schema or to an extension.
    pub fn is_foreign_code(&self, function: &Function) -> bool {
        self.is_system(function.schema) || function.extension.is_some()
    }

    /// Returns the tables right below a table: partitions and children.
    pub fn children_of(&self, relation: u32) -> impl Iterator<Item = &Relation> {
        self.relations
            .values()
            .filter(move |r| r.parents.contains(&relation))
    }
}

/// Returns a name as SQL spells it: as it is, or in quotes, as Postgres's own `quote_ident` does.
pub fn quote_ident(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    let rest = characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if first && rest && RESERVED.binary_search(&name).is_err() {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Returns a text as SQL spells it.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// The words that `quote_ident` of Postgres 14 to 18 puts in quotes: all keywords that are not
/// unreserved (src/include/parser/kwlist.h).
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];
