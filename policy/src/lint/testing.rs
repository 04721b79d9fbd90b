//! Facts for tests of rules: a small database, and expressions in few words.
//!
//! [`Database::supabase`] has the roles of PostgREST and Supabase: `authenticator` may become
//! `anon`, `authenticated` and `service_role`, of which the last one has BYPASSRLS. Tables belong
//! to `owner`, have row-level security on, and are granted to all three, as Supabase does by
//! default.

use crate::facts::{
    Attribute, Body, Command, Facts, Function, FunctionKind, Grant, Index, Kind, Membership,
    Operator, Own, PUBLIC, Policy, Relation, RelationKind, Role, Schema, TypeFact, Volatility,
};
use crate::finding::Finding;
use crate::lint::rule::Rule;
use crate::lint::{Options, lint};
use crate::{
    Call, Const, Expr, FromItem, Operation, Query, QueryCommand, RangeEntry, RangeKind, SubLink,
    SubLinkKind, Target, Var,
};

pub(crate) const BOOL: u32 = 16;
pub(crate) const INT8: u32 = 20;
pub(crate) const TEXT: u32 = 25;
pub(crate) const UUID: u32 = 2950;

pub(crate) const OWNER: u32 = 100;
pub(crate) const AUTHENTICATOR: u32 = 101;
pub(crate) const ANON: u32 = 102;
pub(crate) const AUTHENTICATED: u32 = 103;
pub(crate) const SERVICE_ROLE: u32 = 104;

pub(crate) const PG_CATALOG: u32 = 11;
pub(crate) const PUBLIC_SCHEMA: u32 = 2200;
pub(crate) const AUTH: u32 = 2201;

/// `auth.uid()`, `auth.jwt()`, `current_setting(text, boolean)`
pub(crate) const UID: u32 = 300;
const JWT: u32 = 301;
const CURRENT_SETTING: u32 = 302;

/// `auth.is_active()`, `auth.is_revoked()`
pub(crate) const IS_ACTIVE: u32 = 303;
pub(crate) const IS_REVOKED: u32 = 304;

const UUID_EQ: u32 = 2972;
const TEXT_EQ: u32 = 98;
const INT8_EQ: u32 = 410;
const JSON_TEXT: u32 = 3477;

/// A database in the making.
pub(crate) struct Database {
    pub(crate) facts: Facts,
    next: u32,
}

impl Database {
    pub(crate) fn supabase() -> Self {
        let mut db = Self {
            facts: Facts {
                server: Kind {
                    version: 150_000,
                    database: "app".to_owned(),
                    database_owner: OWNER,
                    ..Kind::default()
                },
                ..Facts::default()
            },
            next: 16_384,
        };
        for (oid, name) in [
            (PG_CATALOG, "pg_catalog"),
            (PUBLIC_SCHEMA, "public"),
            (AUTH, "auth"),
        ] {
            db.schema(oid, name);
            db.grant_schema(oid, PUBLIC);
        }
        for (oid, name) in [
            (OWNER, "owner"),
            (AUTHENTICATOR, "authenticator"),
            (ANON, "anon"),
            (AUTHENTICATED, "authenticated"),
            (SERVICE_ROLE, "service_role"),
        ] {
            db.role(oid, name);
        }
        db.facts.roles.get_mut(&AUTHENTICATOR).unwrap().can_login = true;
        db.facts.roles.get_mut(&AUTHENTICATOR).unwrap().inherits = false;
        db.facts.roles.get_mut(&SERVICE_ROLE).unwrap().bypasses_rls = true;
        for role in [ANON, AUTHENTICATED, SERVICE_ROLE] {
            db.member(role, AUTHENTICATOR, false);
        }
        for (oid, name) in [
            (BOOL, "boolean"),
            (INT8, "bigint"),
            (TEXT, "text"),
            (UUID, "uuid"),
        ] {
            db.facts.types.insert(
                oid,
                TypeFact {
                    oid,
                    schema: PG_CATALOG,
                    name: name.to_owned(),
                    spelling: name.to_owned(),
                    kind: 'b',
                    element: 0,
                    base: 0,
                },
            );
        }
        for (oid, name, function) in [
            (UUID_EQ, "=", 2956),
            (TEXT_EQ, "=", 67),
            (INT8_EQ, "=", 467),
            (JSON_TEXT, "->>", 3214),
        ] {
            let operator = Operator {
                oid,
                schema: PG_CATALOG,
                name: name.to_owned(),
                function,
                left: 0,
                right: 0,
            };
            db.facts.operators.insert(oid, operator);
        }
        db.add_function(UID, AUTH, "uid").language = "c".to_owned();
        db.add_function(JWT, AUTH, "jwt").language = "c".to_owned();
        db.add_function(CURRENT_SETTING, PG_CATALOG, "current_setting")
            .body = Body::Unread;
        db
    }

    /// Adds the extension authguard, with its checks in schema `auth`.
    pub(crate) fn add_authguard(&mut self) {
        self.facts.server.authguard = Some(Own {
            version: "1".to_owned(),
            owner: OWNER,
            readers: AUTH,
        });
        for (oid, name) in [(IS_ACTIVE, "is_active"), (IS_REVOKED, "is_revoked")] {
            self.add_function(oid, AUTH, name).language = "c".to_owned();
        }
    }

    /// Adds a guard to a table.
    pub(crate) fn guard(&mut self, table: u32) -> PolicyMaker<'_> {
        let not_revoked = Expr::Not(Box::new(call(IS_REVOKED, Vec::new())));
        self.policy(table, "authguard")
            .restrictive()
            .using(not_revoked)
    }

    fn new_oid(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(crate) fn schema(&mut self, oid: u32, name: &str) {
        let schema = Schema {
            oid,
            name: name.to_owned(),
            owner: OWNER,
            extension: None,
        };
        self.facts.schemas.insert(oid, schema);
    }

    pub(crate) fn grant_schema(&mut self, schema: u32, grantee: u32) {
        let grants = self.facts.grants.schemas.entry(schema).or_default();
        grants.push(grant(grantee, "USAGE"));
    }

    pub(crate) fn role(&mut self, oid: u32, name: &str) -> &mut Role {
        let role = Role {
            oid,
            name: name.to_owned(),
            superuser: false,
            inherits: true,
            can_login: false,
            bypasses_rls: false,
            can_create_roles: false,
            can_replicate: false,
        };
        self.facts.roles.entry(oid).or_insert(role)
    }

    /// Makes a role a member of another one, which it may become.
    pub(crate) fn member(&mut self, role: u32, member: u32, inherits: bool) {
        self.facts.memberships.push(Membership {
            role,
            member,
            inherits,
            can_set: true,
        });
    }

    /// Makes a table in `public`. Columns named `id` are of type bigint and its primary key, those
    /// named `…_id`, `owner` and `user_id` are UUIDs, and all others are texts.
    pub(crate) fn table(&mut self, name: &str, columns: &[&str]) -> u32 {
        self.table_in("public", name, columns)
    }

    /// Makes a table in a schema, which is made too if it is not there, closed to clients.
    pub(crate) fn table_in(&mut self, schema: &str, name: &str, columns: &[&str]) -> u32 {
        let known = self.facts.schemas.values().find(|s| s.name == schema);
        let schema = match known.map(|s| s.oid) {
            Some(oid) => oid,
            None => {
                let oid = self.new_oid();
                self.schema(oid, schema);
                oid
            }
        };
        let oid = self.new_oid();
        let column = |(number, name): (usize, &&str)| Attribute {
            attno: i16::try_from(number + 1).unwrap(),
            name: (*name).to_owned(),
            type_id: match *name {
                "id" => INT8,
                "owner" => UUID,
                name if name.ends_with("_id") => UUID,
                _ => TEXT,
            },
            not_null: *name == "id",
            default: None,
            is_generated: false,
            identity_always: false,
            identity_default: false,
        };
        let columns: Vec<_> = columns.iter().enumerate().map(column).collect();
        let key = columns.iter().find(|c| c.name == "id").map(|c| Index {
            name: format!("{name}_pkey"),
            columns: vec![c.attno],
            is_unique: true,
            is_primary: true,
            is_partial: false,
        });
        let relation = Relation {
            oid,
            schema,
            name: name.to_owned(),
            kind: RelationKind::Table,
            owner: OWNER,
            rls: true,
            rls_forced: false,
            is_partition: false,
            security_invoker: false,
            extension: None,
            estimated_rows: None,
            columns,
            indexes: key.into_iter().collect(),
            foreign_keys: Vec::new(),
            parents: Vec::new(),
            query: None,
        };
        self.facts.relations.insert(oid, relation);
        for role in [OWNER, ANON, AUTHENTICATED, SERVICE_ROLE] {
            self.grant(oid, role, &["SELECT", "INSERT", "UPDATE", "DELETE"]);
        }
        oid
    }

    pub(crate) fn relation(&mut self, relation: u32) -> &mut Relation {
        self.facts.relations.get_mut(&relation).unwrap()
    }

    pub(crate) fn grant(&mut self, relation: u32, grantee: u32, privileges: &[&str]) {
        let grants = self.facts.grants.relations.entry(relation).or_default();
        grants.extend(privileges.iter().map(|privilege| grant(grantee, privilege)));
    }

    pub(crate) fn grant_column(&mut self, relation: u32, attno: i16, role: u32, privilege: &str) {
        let grants = self.facts.grants.columns.entry(relation).or_default();
        grants.push((attno, grant(role, privilege)));
    }

    /// Takes all privileges on a relation from everybody but its owner.
    pub(crate) fn revoke_all(&mut self, relation: u32) {
        let grants = self.facts.grants.relations.entry(relation).or_default();
        grants.retain(|grant| grant.grantee == OWNER);
    }

    /// Takes one privilege on a relation from a role.
    pub(crate) fn revoke(&mut self, relation: u32, role: u32, privilege: &str) {
        let grants = self.facts.grants.relations.entry(relation).or_default();
        grants.retain(|grant| grant.grantee != role || grant.privilege != privilege);
    }

    /// Makes a permissive policy for all commands and for PUBLIC.
    pub(crate) fn policy(&mut self, relation: u32, name: &str) -> PolicyMaker<'_> {
        let policy = Policy {
            relation,
            name: name.to_owned(),
            permissive: true,
            command: None,
            roles: vec![PUBLIC],
            qual: None,
            check: None,
            qual_text: None,
            check_text: None,
            details: Default::default(),
        };
        let key = (relation, name);
        let policies = &mut self.facts.policies;
        let place = policies.partition_point(|p| (p.relation, p.name.as_str()) < key);
        policies.insert(place, policy);
        PolicyMaker(&mut policies[place])
    }

    /// Makes a PL/pgSQL function without arguments in `public`, which everybody may call.
    pub(crate) fn function(&mut self, name: &str) -> &mut Function {
        let oid = self.new_oid();
        self.add_function(oid, PUBLIC_SCHEMA, name)
    }

    fn add_function(&mut self, oid: u32, schema: u32, name: &str) -> &mut Function {
        let function = Function {
            oid,
            schema,
            name: name.to_owned(),
            kind: FunctionKind::Function,
            arguments: Vec::new(),
            argument_names: Vec::new(),
            defaults: Vec::new(),
            result: BOOL,
            returns_set: false,
            language: "plpgsql".to_owned(),
            volatility: Volatility::Stable,
            leakproof: false,
            security_definer: false,
            strict: false,
            owner: OWNER,
            settings: Vec::new(),
            extension: None,
            body: Body::Source(String::new()),
        };
        self.facts.functions.entry(oid).or_insert(function)
    }

    /// Returns the findings of one rule.
    pub(crate) fn findings(&self, rule: &Rule) -> Vec<Finding> {
        let options = Options {
            schemas: None,
            rules: Some(vec![rule.name.to_owned()]),
        };
        lint(&self.facts, &options).unwrap()
    }
}

/// A policy in the making: `db.policy(notes, "own").select().to(ANON).using(…)`.
pub(crate) struct PolicyMaker<'d>(&'d mut Policy);

impl PolicyMaker<'_> {
    pub(crate) fn restrictive(self) -> Self {
        self.0.permissive = false;
        self
    }

    pub(crate) fn command(self, command: Command) -> Self {
        self.0.command = Some(command);
        self
    }

    pub(crate) fn select(self) -> Self {
        self.command(Command::Select)
    }

    pub(crate) fn insert(self) -> Self {
        self.command(Command::Insert)
    }

    pub(crate) fn update(self) -> Self {
        self.command(Command::Update)
    }

    pub(crate) fn delete(self) -> Self {
        self.command(Command::Delete)
    }

    pub(crate) fn to(self, role: u32) -> Self {
        self.0.roles.retain(|role| *role != PUBLIC);
        self.0.roles.push(role);
        self
    }

    pub(crate) fn using(self, expr: Expr) -> Self {
        self.0.qual = Some(expr);
        self
    }

    pub(crate) fn check(self, expr: Expr) -> Self {
        self.0.check = Some(expr);
        self
    }
}

fn grant(grantee: u32, privilege: &str) -> Grant {
    Grant {
        grantee,
        privilege: privilege.to_owned(),
    }
}

/// A column of the policy's own table.
pub(crate) fn own(attno: i16) -> Expr {
    column(0, 1, attno)
}

/// A column of the entry `varno` of the query that is so many levels out.
pub(crate) fn column(levels_up: u32, varno: u32, attno: i16) -> Expr {
    Expr::Var(Var {
        varno,
        attno,
        levels_up,
    })
}

/// A call of a function.
pub(crate) fn call(function: u32, args: Vec<Expr>) -> Expr {
    Expr::Call(Call { function, args })
}

/// `auth.uid()`
pub(crate) fn uid() -> Expr {
    call(UID, Vec::new())
}

/// `auth.jwt() ->> 'key'`
pub(crate) fn claim(key: &str) -> Expr {
    operator(JSON_TEXT, 3214, call(JWT, Vec::new()), text(key))
}

/// `current_setting('name', true)`
pub(crate) fn setting(name: &str) -> Expr {
    call(CURRENT_SETTING, vec![text(name), boolean(true)])
}

fn operator(operator: u32, function: u32, left: Expr, right: Expr) -> Expr {
    Expr::Operator(Operation {
        operator,
        function,
        args: vec![left, right],
    })
}

/// `left = right` of UUIDs
pub(crate) fn eq_uuid(left: Expr, right: Expr) -> Expr {
    operator(UUID_EQ, 2956, left, right)
}

/// `left = right` of texts
pub(crate) fn eq_text(left: Expr, right: Expr) -> Expr {
    operator(TEXT_EQ, 67, left, right)
}

/// A constant of type boolean.
pub(crate) fn boolean(value: bool) -> Expr {
    Expr::Const(Const {
        type_id: BOOL,
        bytes: Some(vec![u8::from(value), 0, 0, 0, 0, 0, 0, 0]),
    })
}

/// A constant of type text.
pub(crate) fn text(value: &str) -> Expr {
    let length = u32::try_from(value.len() + 4).unwrap();
    let mut bytes = (length << 2).to_le_bytes().to_vec();
    bytes.extend(value.bytes());
    Expr::Const(Const {
        type_id: TEXT,
        bytes: Some(bytes),
    })
}

/// `(select value)`
pub(crate) fn select(value: Expr) -> Expr {
    let query = query(Vec::new(), None, vec![value]);
    sub_link(SubLinkKind::Value, None, query)
}

/// `exists (select from relations where condition)`
pub(crate) fn exists(relations: &[u32], condition: Expr) -> Expr {
    let query = query(relations.to_vec(), Some(condition), Vec::new());
    sub_link(SubLinkKind::Exists, None, query)
}

/// `value in (select target from relations where condition)`, of UUIDs
pub(crate) fn in_select(value: Expr, relations: &[u32], target: Expr, condition: Expr) -> Expr {
    let column = Expr::Param(crate::Param {
        kind: 2,
        id: 1,
        type_id: UUID,
    });
    let query = query(relations.to_vec(), Some(condition), vec![target]);
    sub_link(SubLinkKind::Any, Some(eq_uuid(value, column)), query)
}

fn sub_link(kind: SubLinkKind, test: Option<Expr>, query: Query) -> Expr {
    Expr::SubLink(SubLink {
        kind,
        test: test.map(Box::new),
        query: Box::new(query),
    })
}

/// `select targets from relations where condition`; the relations are entries 1, 2 and so on.
pub(crate) fn query(relations: Vec<u32>, condition: Option<Expr>, targets: Vec<Expr>) -> Query {
    let entry = |relation: &u32| RangeEntry {
        alias: format!("r{relation}"),
        kind: RangeKind::Relation {
            relation: *relation,
            with_children: true,
        },
    };
    let numbers = 1..=u32::try_from(relations.len()).unwrap();
    Query {
        command: QueryCommand::Select,
        ctes: Vec::new(),
        range_table: relations.iter().map(entry).collect(),
        from: numbers.map(FromItem::Entry).collect(),
        condition,
        targets: targets
            .into_iter()
            .map(|expr| Target {
                expr,
                name: None,
                is_junk: false,
            })
            .collect(),
        having: None,
        offset: None,
        limit: None,
        is_set_operation: false,
        others: Vec::new(),
        opaque: Vec::new(),
    }
}
