//! Types in the text of a function, as far as they are plain to see: an operator that does not
//! exist makes each call fail.

use super::{From, FromKind, Select, Sql, Statement, select_of, statements, words};
use crate::facts::{Body, Facts, Function};

/// The types that compare with each other (src/include/catalog/pg_type.dat and pg_cast.dat).
const FAMILIES: &[&[&str]] = &[
    &[
        "smallint",
        "integer",
        "bigint",
        "real",
        "double precision",
        "numeric",
        "oid",
    ],
    &["text", "character varying", "character", "name"],
    &[
        "date",
        "timestamp without time zone",
        "timestamp with time zone",
    ],
    &["time without time zone", "time with time zone"],
    &["uuid"],
    &["boolean"],
    &["jsonb"],
    &["json"],
    &["bytea"],
    &["inet", "cidr"],
];

/// Other spellings of types.
const ALIASES: &[(&str, &str)] = &[
    ("int", "integer"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("int2", "smallint"),
    ("bool", "boolean"),
    ("varchar", "character varying"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamp", "timestamp without time zone"),
    ("float8", "double precision"),
];

/// Returns why a function fails whenever it is called, if that is plain to see.
pub(in crate::lint) fn broken(facts: &Facts, function: &Function) -> Option<String> {
    let Body::Source(text) = &function.body else {
        return None;
    };
    let mut checker = Checker {
        facts,
        function,
        variables: Vec::new(),
        scopes: Vec::new(),
        ctes: Vec::new(),
        makes_tables: words(text)?
            .iter()
            .any(|word| word == "create" || word == "execute"),
    };
    match function.language.as_str() {
        "sql" => checker.select(&select_of(text)?),
        "plpgsql" => checker.statements(&statements(text)?),
        _ => None,
    }
}

type Scope = Vec<(String, Option<u32>)>;

struct Checker<'f> {
    facts: &'f Facts,
    function: &'f Function,
    variables: Vec<(String, Option<u32>)>,
    /// The tables that each query reads; nothing for what is not a table.
    scopes: Vec<Scope>,
    /// The queries that are named by `WITH`.
    ctes: Vec<String>,
    /// True if the function may make tables itself.
    makes_tables: bool,
}

impl Checker<'_> {
    fn statements(&mut self, all: &[Statement]) -> Option<String> {
        // A branch may never be taken, so only what always runs is judged.
        for statement in all {
            let why = match statement {
                Statement::Set(name, value, kind) => {
                    let kind = kind.as_ref().and_then(|kind| self.type_named(kind));
                    let why = self.expr(value);
                    if !self.variables.iter().any(|(own, _)| own == name) {
                        self.variables.push((name.clone(), kind));
                    }
                    why
                }
                Statement::Into(select)
                | Statement::Perform(select)
                | Statement::ReturnQuery(select) => self.select(select),
                Statement::SetField(_, _, value) => self.expr(value),
                Statement::Return(Some(value)) => return self.expr(value),
                Statement::If(branches, _) => {
                    let first = branches.first();
                    first.and_then(|(condition, _)| self.expr(condition))
                }
                Statement::Return(None) | Statement::Raise => return None,
                Statement::Nothing | Statement::Other => None,
            };
            if why.is_some() {
                return why;
            }
        }
        None
    }

    fn select(&mut self, select: &Select) -> Option<String> {
        for (name, cte) in &select.ctes {
            self.ctes.push(name.clone());
            let why = self.select(cte);
            if why.is_some() {
                return why;
            }
        }
        let mut scope = Scope::new();
        for From { alias, kind } in &select.from {
            let relation = match kind {
                FromKind::Table(name) => {
                    if self.is_missing(name) {
                        return Some(format!("relation {} does not exist", name.join(".")));
                    }
                    self.relation(name)
                }
                FromKind::Query(query) => {
                    let why = self.select(query);
                    if why.is_some() {
                        return why;
                    }
                    None
                }
                FromKind::Call(_) => None,
            };
            scope.push((alias.clone(), relation));
        }
        self.scopes.push(scope);
        let exprs = select
            .condition
            .iter()
            .chain(select.targets.iter().map(|(value, _)| value));
        let mut why = None;
        for expr in exprs {
            why = self.expr(expr);
            if why.is_some() {
                break;
            }
        }
        self.scopes.pop();
        why.or_else(|| select.union.iter().find_map(|other| self.select(other)))
    }

    fn expr(&mut self, expr: &Sql) -> Option<String> {
        if let Some(select) = expr.select() {
            return self.select(select);
        }
        if let Sql::Name(name) = expr {
            return self.name(name);
        }
        let pairs: Vec<(&Sql, &Sql)> = match expr {
            Sql::Operator(sign, left, right) if ["=", "<>"].contains(&sign.as_str()) => {
                vec![(left, right)]
            }
            Sql::Any(_, left, right) | Sql::All(_, left, right) => match &**right {
                Sql::List(elements) => elements.iter().map(|element| (&**left, element)).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        for (left, right) in pairs {
            if let (Some(a), Some(b)) = (self.type_of(left), self.type_of(right))
                && !self.compare(a, b)
            {
                let (a, b) = (self.facts.type_name(a), self.facts.type_name(b));
                return Some(format!("operator does not exist: {a} = {b}"));
            }
        }
        expr.children()
            .into_iter()
            .find_map(|child| self.expr(child))
    }

    /// A name that is both a column and a variable of PL/pgSQL, or a column that is not there.
    fn name(&self, name: &[String]) -> Option<String> {
        let relation = |relation: &Option<u32>| self.facts.relations.get(&(*relation)?);
        match name {
            [only] if self.function.language == "plpgsql" => {
                let tables = self.scopes.iter().flatten();
                let is_column = tables
                    .filter_map(|(_, r)| relation(r))
                    .any(|r| r.column_named(only).is_some());
                let is_variable = self.function.argument_names.contains(only)
                    || self.variables.iter().any(|(own, _)| own == only);
                let why = format!("column reference \"{only}\" is ambiguous");
                (is_column && is_variable).then_some(why)
            }
            [alias, column] => {
                let mut tables = self.scopes.iter().rev().flatten();
                let (_, found) = tables.find(|(own, _)| own == alias)?;
                let table = relation(found)?;
                const SYSTEM: &[&str] = &["*", "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"];
                let is_there =
                    table.column_named(column).is_some() || SYSTEM.contains(&column.as_str());
                // A function of the row can be called like a column.
                let is_function = self.facts.functions.values().any(|f| f.name == *column);
                let why = format!("column {alias}.{column} does not exist");
                (!is_there && !is_function).then_some(why)
            }
            _ => None,
        }
    }

    fn type_of(&self, expr: &Sql) -> Option<u32> {
        match expr {
            Sql::Name(name) => self.type_of_name(name),
            Sql::Parameter(number) => {
                let place = number.checked_sub(1)?;
                self.function.arguments.get(place).copied()
            }
            Sql::Cast(_, name) => self.type_named(name),
            Sql::Operator(sign, ..) if ["->>", "#>>"].contains(&sign.as_str()) => {
                self.type_named("text")
            }
            Sql::Call(name, args) if args.is_empty() => match name.as_slice() {
                [schema, name] => {
                    let mut functions = self.facts.functions_named(schema, name);
                    let function = functions.find(|f| f.arguments.is_empty() && !f.returns_set)?;
                    Some(function.result)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn type_of_name(&self, name: &[String]) -> Option<u32> {
        let (table, column) = match name {
            [column] => (None, column),
            [table, column] => (Some(table), column),
            _ => return None,
        };
        for scope in self.scopes.iter().rev() {
            for (alias, relation) in scope {
                if table.is_some_and(|table| table != alias) {
                    continue;
                }
                // What is not a table may have any column.
                let relation = self.facts.relations.get(&(*relation)?)?;
                if let Some(column) = relation.column_named(column) {
                    return Some(column.type_id);
                }
            }
        }
        if table.is_some_and(|table| *table != self.function.name) {
            return None;
        }
        if let Some((_, kind)) = self.variables.iter().find(|(own, _)| own == column) {
            return *kind;
        }
        let place = self
            .function
            .argument_names
            .iter()
            .position(|own| own == column)?;
        self.function.arguments.get(place).copied()
    }

    /// Returns true if there is no such table or view where the function looks for it: in any
    /// schema, unless it has a `search_path` of its own.
    fn is_missing(&self, name: &[String]) -> bool {
        let facts = self.facts;
        let has = |schema: &str, table: &str| facts.relation_named(schema, table).is_some();
        let is_known = match name {
            [schema, table] => {
                let mut schemas = facts.schemas.values();
                has(schema, table) || !schemas.any(|known| known.name == *schema)
            }
            [table] if self.ctes.contains(table) => true,
            [table] => match self.function.setting("search_path") {
                Some(path) if !path.contains("$user") => {
                    self.relation(name).is_some() || has("pg_catalog", table)
                }
                _ => facts.relations.values().any(|r| r.name == *table),
            },
            _ => true,
        };
        !is_known && !self.makes_tables
    }

    fn relation(&self, name: &[String]) -> Option<u32> {
        let found = match name {
            [schema, table] => self.facts.relation_named(schema, table),
            [table] => {
                let path = self.function.setting("search_path").unwrap_or_default();
                let path = path
                    .split(',')
                    .map(|schema| schema.trim().trim_matches(['"', '\'']));
                let own = self.facts.schema_name(self.function.schema);
                let mut schemas = path
                    .chain([own, "public"])
                    .filter(|schema| !schema.is_empty());
                schemas.find_map(|schema| self.facts.relation_named(schema, table))
            }
            _ => None,
        };
        found.map(|relation| relation.oid)
    }

    fn type_named(&self, name: &str) -> Option<u32> {
        let name = ALIASES
            .iter()
            .find(|(own, _)| *own == name)
            .map_or(name, |(_, full)| full);
        let fits = |spelling: &str| {
            spelling == name
                || spelling
                    .split_once('.')
                    .is_some_and(|(_, last)| last == name)
        };
        let mut types = self.facts.types.values().filter(|t| fits(&t.spelling));
        let found = types.next()?;
        types.next().is_none().then_some(found.oid)
    }

    /// Returns false if two types cannot be compared for equality.
    fn compare(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.base(a), self.base(b));
        let mut own = self.facts.operators.values();
        if own.any(|o| o.name == "=" && [(a, b), (b, a)].contains(&(o.left, o.right))) {
            return true;
        }
        let (Some(a), Some(b)) = (self.facts.types.get(&a), self.facts.types.get(&b)) else {
            return true;
        };
        let family = |name: &str| FAMILIES.iter().position(|family| family.contains(&name));
        match (a.kind, b.kind) {
            ('e', 'e') => a.oid == b.oid,
            ('e', _) => family(&b.spelling).is_none(),
            (_, 'e') => family(&a.spelling).is_none(),
            _ => match (family(&a.spelling), family(&b.spelling)) {
                (Some(left), Some(right)) => left == right && a.spelling != "json",
                _ => true,
            },
        }
    }

    fn base(&self, type_id: u32) -> u32 {
        let mut type_id = type_id;
        for _ in 0..16 {
            match self.facts.types.get(&type_id) {
                Some(fact) if fact.base != 0 => type_id = fact.base,
                _ => break,
            }
        }
        type_id
    }
}
