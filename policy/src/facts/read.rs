//! Reads the facts from a server.

use std::collections::{BTreeMap, HashMap};

use super::row::Fields;
use super::{
    Attached, Attribute, Body, Command, Facts, FactsError, ForeignKey, Function, FunctionKind,
    Grant, Index, Issuer, Kind, Membership, Operator, Own, OwnProblem, OwnState, Policy,
    Publication, Relation, RelationKind, ReplacedReader, RewriteRule, Role, Schema, Subscription,
    Trigger, TypeFact, Volatility, queries,
};
use crate::datum::{self, ByteOrder};
use crate::node::read_node;
use crate::{Details, Expr, Server};

/// The role `pg_database_owner` (src/include/catalog/pg_authid.dat). The owner of the database is
/// its member without an entry.
const DATABASE_OWNER: u32 = 6171;

impl Facts {
    /// Reads the facts. The settings that the queries need are set in a subtransaction that is
    /// rolled back.
    ///
    /// # Errors
    ///
    /// Whatever the server answers instead, and answers that cannot be read.
    pub fn read(server: &mut (impl Server + ?Sized)) -> Result<Self, FactsError> {
        server.begin()?;
        let facts = Reader { server }.read_all();
        server.roll_back()?;
        facts
    }

    /// Reads the facts without the texts of policies, for which Postgres would lock their tables.
    ///
    /// # Errors
    ///
    /// As [`Facts::read`].
    pub fn read_without_locks(server: &mut (impl Server + ?Sized)) -> Result<Self, FactsError> {
        server.begin()?;
        let facts = Reader { server }.read();
        server.roll_back()?;
        facts
    }
}

/// Names outside of `pg_catalog` are printed with their schema, and quoted only if they have to be;
/// no function or operator of another schema takes the place of Postgres's own. Compiling these
/// queries takes far longer than running them.
const PREPARE: &str = "
select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       pg_catalog.set_config('quote_all_identifiers', 'off', true),
       pg_catalog.set_config('jit', 'off', true)";

struct Reader<'s, S: ?Sized> {
    server: &'s mut S,
}

impl<S: Server + ?Sized> Reader<'_, S> {
    fn read_all(&mut self) -> Result<Facts, FactsError> {
        let mut facts = self.read()?;
        self.policy_texts(&mut facts.policies)?;
        Ok(facts)
    }

    fn read(&mut self) -> Result<Facts, FactsError> {
        self.server.query(PREPARE, &[])?;
        let mut facts = Facts {
            server: self.kind()?,
            ..Facts::default()
        };
        facts.schemas = self.keyed("schemas", queries::SCHEMAS, schema)?;
        facts.roles = self.keyed("roles", queries::ROLES, role)?;
        facts.memberships = self.memberships(&facts.server)?;
        facts.relations = self.relations()?;
        facts.policies = self.policies()?;
        facts.functions = self.keyed("functions", queries::FUNCTIONS, function)?;
        facts.operators = self.keyed("operators", queries::OPERATORS, operator)?;
        facts.types = self.keyed("types", queries::TYPES, type_fact)?;
        facts.collations = self.keyed("collations", queries::COLLATIONS, |row| {
            Ok((row.number()?, row.text()?))
        })?;
        facts.enum_labels = self.keyed("labels of enums", queries::ENUM_LABELS, |row| {
            Ok((row.number()?, row.text()?))
        })?;
        facts.triggers = self.all("triggers", queries::TRIGGERS, trigger)?;
        self.rewrite_rules(&mut facts)?;
        let publications = match facts.server.version {
            ..150_000 => queries::PUBLICATIONS,
            _ => queries::PUBLICATIONS_15,
        };
        facts.publications = self.all("publications", publications, publication)?;
        facts.subscriptions = self.all("subscriptions", queries::SUBSCRIPTIONS, subscription)?;
        facts.grants.relations = self.grants("grants on relations", queries::RELATION_GRANTS)?;
        facts.grants.functions = self.grants("grants on functions", queries::FUNCTION_GRANTS)?;
        facts.grants.schemas = self.grants("grants on schemas", queries::SCHEMA_GRANTS)?;
        facts.grants.types = self.grants("grants on types", queries::TYPE_GRANTS)?;
        let of_columns = self.all("grants on columns", queries::COLUMN_GRANTS, column_grant)?;
        for (relation, attno, grant) in of_columns {
            let grants = facts.grants.columns.entry(relation).or_default();
            grants.push((attno, grant));
        }
        if facts.server.authguard.is_some() {
            facts.own = self.own_state()?;
        }
        Ok(facts)
    }

    fn all<T>(
        &mut self,
        what: &'static str,
        sql: &str,
        of: fn(&mut Fields) -> Result<T, FactsError>,
    ) -> Result<Vec<T>, FactsError> {
        let rows = self.server.query(sql, &[])?;
        rows.into_iter()
            .map(|row| of(&mut Fields::of(what, row)))
            .collect()
    }

    /// Asks about a table of the extension, which may have lost a column: another fact says so.
    fn all_or_none<T>(
        &mut self,
        what: &'static str,
        sql: &str,
        of: fn(&mut Fields) -> Result<T, FactsError>,
    ) -> Result<Vec<T>, FactsError> {
        self.server.begin()?;
        let found = self.all(what, sql, of);
        self.server.roll_back()?;
        match found {
            Err(FactsError::Server(_)) => Ok(Vec::new()),
            found => found,
        }
    }

    fn keyed<T>(
        &mut self,
        what: &'static str,
        sql: &str,
        of: fn(&mut Fields) -> Result<(u32, T), FactsError>,
    ) -> Result<BTreeMap<u32, T>, FactsError> {
        Ok(self.all(what, sql, of)?.into_iter().collect())
    }

    fn grants(
        &mut self,
        what: &'static str,
        sql: &str,
    ) -> Result<HashMap<u32, Vec<Grant>>, FactsError> {
        let mut grants: HashMap<u32, Vec<Grant>> = HashMap::new();
        for (object, grant) in self.all(what, sql, |row| Ok((row.number()?, grant(row)?)))? {
            grants.entry(object).or_default().push(grant);
        }
        Ok(grants)
    }

    fn kind(&mut self) -> Result<Kind, FactsError> {
        let what = "the server";
        let rows = self.server.query(queries::SERVER, &[])?;
        let row = rows.into_iter().next().ok_or(FactsError::Answer(what))?;
        let mut row = Fields::of(what, row);
        let version = row.number()?;
        let database = row.text()?;
        let database_owner = row.number()?;
        let authguard = match row.optional()? {
            Some(version) => Some(Own {
                version,
                owner: row.number()?,
                readers: row.number()?,
            }),
            None => {
                row.optional()?;
                row.optional()?;
                None
            }
        };
        let is_supabase = row.bool()?;
        let may_ask = row.bool()?;
        let setting = row.optional()?;
        let gateways = match (may_ask, setting) {
            (true, _) => self.all(what, queries::GATEWAYS, Fields::texts)?.pop(),
            (false, Some(setting)) if authguard.is_some() => Some(names(&setting)),
            _ => None,
        };
        let first_byte = format!("select {}", datum::FIRST_BYTE);
        let first_byte = self.all(what, &first_byte, Fields::optional)?.pop();
        Ok(Kind {
            version,
            byte_order: ByteOrder::told_by(first_byte.flatten().as_deref()),
            database,
            database_owner,
            authguard,
            is_supabase,
            gateways,
        })
    }

    fn memberships(&mut self, kind: &Kind) -> Result<Vec<Membership>, FactsError> {
        let sql = match kind.version {
            ..160_000 => queries::MEMBERSHIPS_15,
            _ => queries::MEMBERSHIPS,
        };
        let mut memberships = self.all("memberships", sql, membership)?;
        memberships.push(Membership {
            role: DATABASE_OWNER,
            member: kind.database_owner,
            inherits: true,
            can_set: true,
        });
        Ok(memberships)
    }

    fn relations(&mut self) -> Result<BTreeMap<u32, Relation>, FactsError> {
        let relations = self.all("relations", queries::RELATIONS, relation)?;
        let mut relations: BTreeMap<_, _> = relations.into_iter().flatten().collect();
        for (oid, column) in self.all("columns", queries::COLUMNS, column)? {
            if let Some(relation) = relations.get_mut(&oid) {
                relation.columns.push(column);
            }
        }
        for (oid, index) in self.all("indexes", queries::INDEXES, index)? {
            if let Some(relation) = relations.get_mut(&oid) {
                relation.indexes.push(index);
            }
        }
        for (oid, key) in self.all("foreign keys", queries::FOREIGN_KEYS, foreign_key)? {
            if let Some(relation) = relations.get_mut(&oid) {
                relation.foreign_keys.push(key);
            }
        }
        let parents = self.all("inheritance", queries::INHERITANCE, |row| {
            Ok((row.number::<u32>()?, row.number::<u32>()?))
        })?;
        for (child, parent) in parents {
            if let Some(relation) = relations.get_mut(&child) {
                relation.parents.push(parent);
            }
        }
        Ok(relations)
    }

    fn policies(&mut self) -> Result<Vec<Policy>, FactsError> {
        let mut policies = self.all("policies", queries::POLICIES, policy)?;
        policies.sort_by(|a, b| (a.relation, &a.name).cmp(&(b.relation, &b.name)));
        Ok(policies)
    }

    fn policy_texts(&mut self, policies: &mut [Policy]) -> Result<(), FactsError> {
        let texts = self.all("texts of policies", queries::POLICY_TEXTS, |row| {
            let key = (row.number::<u32>()?, row.text()?);
            Ok((key, (row.optional()?, row.optional()?)))
        })?;
        let mut texts: HashMap<_, _> = texts.into_iter().collect();
        for policy in policies {
            if let Some((qual, check)) = texts.remove(&(policy.relation, policy.name.clone())) {
                policy.qual_text = qual;
                policy.check_text = check;
            }
        }
        Ok(())
    }

    /// Asks the extension about itself, if this role may.
    fn own_state(&mut self) -> Result<Option<OwnState>, FactsError> {
        let what = "authguard itself";
        let may_ask = self.all(what, queries::MAY_ASK_OWN, Fields::optional)?;
        if may_ask.into_iter().flatten().next().as_deref() != Some("true") {
            return Ok(None);
        }
        Ok(Some(OwnState {
            grants: self.all(what, queries::OWN_GRANTS, |row| {
                Ok((row.text()?, row.text()?, row.text()?))
            })?,
            is_copy: self
                .all(what, queries::OWN_COPY, Fields::bool)?
                .contains(&true),
            attached: self.all_or_none(what, queries::OWN_ATTACHED, attached)?,
            tables: self.all(what, queries::OWN_TABLES, own_problem)?,
            settings: self.all(what, queries::OWN_SETTINGS, own_problem)?,
            issuers: self.all_or_none(what, queries::OWN_ISSUERS, |row| {
                Ok(Issuer {
                    name: row.text()?,
                    has_audience: row.bool()?,
                    client_ids: row.texts()?,
                })
            })?,
            replaced: self.all(what, queries::REPLACED_READERS, |row| {
                Ok(ReplacedReader {
                    function: row.number()?,
                    result: row.text()?,
                    library: row.text()?,
                    symbol: row.text()?,
                })
            })?,
        }))
    }

    /// Reads the rules, and with them the queries of views.
    fn rewrite_rules(&mut self, facts: &mut Facts) -> Result<(), FactsError> {
        let what = "rules of views and tables";
        for (rule, action) in self.all(what, queries::REWRITE_RULES, rewrite_rule)? {
            if rule.name == "_RETURN" {
                let view = facts.relations.get_mut(&rule.relation);
                if let (Some(view), Some(query)) = (view, trees(&action).pop()) {
                    view.query = Some(query);
                }
            }
            facts.rewrite_rules.push(rule);
        }
        Ok(())
    }
}

/// Makes the expression that a node text is. A text that cannot be read is opaque, too.
fn tree(text: &str) -> Expr {
    match read_node(text) {
        Ok(value) => Expr::of(&value),
        Err(error) => Expr::Opaque(error.to_string()),
    }
}

/// Makes the expressions of a node text, however they are nested in lists.
fn trees(text: &str) -> Vec<Expr> {
    match read_node(text) {
        Ok(value) => Expr::each_of(&value),
        Err(error) => vec![Expr::Opaque(error.to_string())],
    }
}

/// Splits a list of names as the setting has it.
fn names(setting: &str) -> Vec<String> {
    let names = setting
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

fn schema(row: &mut Fields) -> Result<(u32, Schema), FactsError> {
    let oid = row.number()?;
    let schema = Schema {
        oid,
        name: row.text()?,
        owner: row.number()?,
        extension: row.optional()?,
    };
    Ok((oid, schema))
}

fn role(row: &mut Fields) -> Result<(u32, Role), FactsError> {
    let oid = row.number()?;
    let role = Role {
        oid,
        name: row.text()?,
        superuser: row.bool()?,
        inherits: row.bool()?,
        can_login: row.bool()?,
        bypasses_rls: row.bool()?,
        can_create_roles: row.bool()?,
        can_replicate: row.bool()?,
    };
    Ok((oid, role))
}

fn membership(row: &mut Fields) -> Result<Membership, FactsError> {
    Ok(Membership {
        role: row.number()?,
        member: row.number()?,
        inherits: row.bool()?,
        can_set: row.bool()?,
    })
}

fn relation(row: &mut Fields) -> Result<Option<(u32, Relation)>, FactsError> {
    let oid = row.number()?;
    let schema = row.number()?;
    let name = row.text()?;
    let Some(kind) = RelationKind::of(row.letter()?) else {
        return Ok(None);
    };
    let relation = Relation {
        oid,
        schema,
        name,
        kind,
        owner: row.number()?,
        rls: row.bool()?,
        rls_forced: row.bool()?,
        is_partition: row.bool()?,
        security_invoker: row.bool()?,
        extension: row.optional()?,
        estimated_rows: Some(row.number()?).filter(|rows| *rows >= 0.0),
        columns: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        parents: Vec::new(),
        query: None,
    };
    Ok(Some((oid, relation)))
}

fn column(row: &mut Fields) -> Result<(u32, Attribute), FactsError> {
    let relation = row.number()?;
    let attno = row.number()?;
    let name = row.text()?;
    let type_id = row.number()?;
    let not_null = row.bool()?;
    let default = row.optional()?.as_deref().map(tree);
    let is_generated = row.bool()?;
    let identity = row.letter()?;
    let column = Attribute {
        attno,
        name,
        type_id,
        not_null,
        default,
        is_generated,
        identity_always: identity == 'a',
        identity_default: identity == 'd',
    };
    Ok((relation, column))
}

fn index(row: &mut Fields) -> Result<(u32, Index), FactsError> {
    let relation = row.number()?;
    let name = row.text()?;
    let mut columns: Vec<i16> = row.numbers()?;
    columns.truncate(row.number()?);
    let index = Index {
        name,
        columns,
        is_unique: row.bool()?,
        is_primary: row.bool()?,
        is_partial: row.bool()?,
    };
    Ok((relation, index))
}

fn foreign_key(row: &mut Fields) -> Result<(u32, ForeignKey), FactsError> {
    let relation = row.number()?;
    let key = ForeignKey {
        name: row.text()?,
        columns: row.numbers()?,
        target: row.number()?,
        target_columns: row.numbers()?,
    };
    Ok((relation, key))
}

fn policy(row: &mut Fields) -> Result<Policy, FactsError> {
    let mut policy = Policy {
        relation: row.number()?,
        name: row.text()?,
        permissive: row.bool()?,
        command: Command::of_letter(row.letter()?),
        roles: row.numbers()?,
        qual: None,
        check: None,
        details: Default::default(),
        qual_text: None,
        check_text: None,
    };
    let texts = [row.optional()?, row.optional()?];
    let [qual, check] = texts.each_ref().map(|text| text.as_deref().map(tree));
    (policy.qual, policy.check) = (qual, check);
    policy.details = texts.map(|text| text.as_deref().map(Details::of).unwrap_or_default());
    Ok(policy)
}

fn function(row: &mut Fields) -> Result<(u32, Function), FactsError> {
    let oid = row.number()?;
    let mut function = Function {
        oid,
        schema: row.number()?,
        name: row.text()?,
        kind: match row.letter()? {
            'p' => FunctionKind::Procedure,
            'a' => FunctionKind::Aggregate,
            'w' => FunctionKind::Window,
            _ => FunctionKind::Function,
        },
        arguments: row.numbers()?,
        argument_names: row.texts()?,
        defaults: row.optional()?.as_deref().map(trees).unwrap_or_default(),
        result: row.number()?,
        returns_set: row.bool()?,
        language: row.text()?,
        volatility: match row.letter()? {
            'i' => Volatility::Immutable,
            's' => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        leakproof: row.bool()?,
        security_definer: row.bool()?,
        strict: row.bool()?,
        owner: row.number()?,
        settings: row.texts()?,
        extension: row.optional()?,
        body: Body::Unread,
    };
    let source = row.optional()?;
    let tree = row.optional()?;
    function.body = match (tree, source) {
        (Some(tree), _) => Body::Tree(trees(&tree)),
        (None, Some(source)) => Body::Source(source),
        (None, None) => Body::Unread,
    };
    Ok((oid, function))
}

fn operator(row: &mut Fields) -> Result<(u32, Operator), FactsError> {
    let oid = row.number()?;
    let operator = Operator {
        oid,
        schema: row.number()?,
        name: row.text()?,
        function: row.number()?,
        left: row.number()?,
        right: row.number()?,
    };
    Ok((oid, operator))
}

fn type_fact(row: &mut Fields) -> Result<(u32, TypeFact), FactsError> {
    let oid = row.number()?;
    let fact = TypeFact {
        oid,
        schema: row.number()?,
        name: row.text()?,
        spelling: row.text()?,
        kind: row.letter()?,
        element: row.number()?,
        base: row.number()?,
    };
    Ok((oid, fact))
}

fn trigger(row: &mut Fields) -> Result<Trigger, FactsError> {
    Ok(Trigger {
        relation: row.number()?,
        name: row.text()?,
        function: row.number()?,
        kind: row.number()?,
        is_enabled: row.bool()?,
        condition: row.optional()?.map(|text| tree(&text)),
    })
}

fn rewrite_rule(row: &mut Fields) -> Result<(RewriteRule, String), FactsError> {
    let relation = row.number()?;
    let name = row.text()?;
    let command = match row.letter()? {
        '1' => Some(Command::Select),
        '2' => Some(Command::Update),
        '3' => Some(Command::Insert),
        '4' => Some(Command::Delete),
        _ => None,
    };
    let does_nothing = row.bool()?;
    let action = row.text()?;
    let rule = RewriteRule {
        relation,
        name,
        command,
        does_nothing,
        relations: oids(row)?,
    };
    Ok((rule, action))
}

fn attached(row: &mut Fields) -> Result<Attached, FactsError> {
    Ok(Attached {
        name: row.text()?,
        oid: row.number()?,
        kind: row.text()?,
        code: row.optional()?,
        problem: row.optional()?,
        hint: row.optional()?,
    })
}

fn own_problem(row: &mut Fields) -> Result<OwnProblem, FactsError> {
    Ok(OwnProblem {
        object: row.text()?,
        problem: row.text()?,
        is_serious: row.bool()?,
        hint: row.optional()?.unwrap_or_default(),
    })
}

fn publication(row: &mut Fields) -> Result<Publication, FactsError> {
    Ok(Publication {
        name: row.text()?,
        all_tables: row.bool()?,
        relations: oids(row)?,
        schemas: oids(row)?,
    })
}

fn subscription(row: &mut Fields) -> Result<Subscription, FactsError> {
    Ok(Subscription {
        name: row.text()?,
        owner: row.number()?,
        is_enabled: row.bool()?,
        relations: oids(row)?,
    })
}

/// Reads OIDs that are texts in a JSON array.
fn oids(row: &mut Fields) -> Result<Vec<u32>, FactsError> {
    let texts = row.texts()?;
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}

fn grant(row: &mut Fields) -> Result<Grant, FactsError> {
    Ok(Grant {
        grantee: row.number()?,
        privilege: row.text()?,
    })
}

fn column_grant(row: &mut Fields) -> Result<(u32, i16, Grant), FactsError> {
    Ok((row.number()?, row.number()?, grant(row)?))
}
