//! The ways in which an expression in the text of a function can be true.

use super::combine::{self, all, any, combined, compare, how, test_of};
use super::reader::Reader;
use super::sql::{From, FromKind, Select, Sql};
use super::{Atom, Cell, How, Term, Value, Way};
use crate::facts::{Function, Relation};
use crate::lint::caller::{Source, setting};

/// What an item of `FROM` stands for.
#[derive(Clone)]
enum Binding {
    Row {
        source: u32,
        relation: u32,
    },
    /// Columns with their names.
    Columns(Vec<(String, Term)>),
}

type Scope = Vec<(String, Binding)>;

pub(super) struct OfText<'r, 'f, 'a> {
    reader: &'r mut Reader<'f>,
    function: &'a Function,
    args: Vec<Term>,
    scopes: Vec<Scope>,
    ctes: Vec<(String, Select)>,
}

impl<'r, 'f, 'a> OfText<'r, 'f, 'a> {
    pub(super) fn of(reader: &'r mut Reader<'f>, function: &'a Function, args: Vec<Term>) -> Self {
        Self {
            reader,
            function,
            args,
            scopes: Vec::new(),
            ctes: Vec::new(),
        }
    }

    /// Returns the ways in which an expression is true. Nothing if it has something unknown.
    pub(super) fn truth(&mut self, expr: &Sql, negated: bool) -> Option<Vec<Way>> {
        if !self.reader.descend() {
            return None;
        }
        let ways = self.truth_below(expr, negated);
        self.reader.ascend();
        ways
    }

    fn truth_below(&mut self, expr: &Sql, negated: bool) -> Option<Vec<Way>> {
        Some(match expr {
            Sql::And(args) | Sql::Or(args) => {
                let mut parts = Vec::new();
                for arg in args {
                    parts.push(self.truth(arg, negated)?);
                }
                if matches!(expr, Sql::And(_)) == negated {
                    any(parts)
                } else {
                    all(parts)
                }
            }
            Sql::Not(arg) => self.truth(arg, !negated)?,
            Sql::IsTrue(arg) | Sql::Cast(arg, _) => self.truth(arg, negated)?,
            Sql::IsNull(arg) => combine::is_null(self.values(arg)?, negated),
            Sql::Operator(sign, left, right) => {
                if let Some(ways) = self.count(sign, left, right, negated) {
                    return ways;
                }
                compare(
                    how(sign, negated),
                    &self.values(left)?,
                    &self.values(right)?,
                )
            }
            Sql::Distinct(left, right) => {
                let how = if negated { How::Equal } else { How::NotEqual };
                compare(how, &self.values(left)?, &self.values(right)?)
            }
            Sql::Any(sign, left, right) => self.list(sign, left, right, negated)?,
            Sql::All(sign, left, right) => self.list(sign, left, right, negated)?,
            Sql::Exists(select) => {
                let rows = self.rows(select, false)?;
                let ways: Vec<_> = rows.into_iter().map(|(way, _)| way).collect();
                if negated { vec![test_of(&ways)] } else { ways }
            }
            Sql::Query(select) => self.query_truth(select, negated)?,
            Sql::Case(whens, otherwise) => {
                let mut parts = Vec::new();
                let mut before = super::always();
                for (when, then) in whens {
                    let condition = self.truth(when, false)?;
                    let holds = self.truth(then, negated)?;
                    let is_or = holds.iter().any(Way::is_true);
                    parts.push(all([before.clone(), condition, holds]));
                    // `case when a then true when b …` is `a or b`.
                    if !is_or {
                        before = all([before, self.truth(when, true)?]);
                    }
                }
                if let Some(otherwise) = otherwise {
                    parts.push(all([before, self.truth(otherwise, negated)?]));
                }
                any(parts)
            }
            Sql::Call(name, args) if name.last().is_some_and(|n| n == "coalesce") && !negated => {
                let mut parts = Vec::new();
                for arg in args {
                    parts.push(self.truth(arg, false)?);
                }
                any(parts)
            }
            Sql::Call(name, args) if name.last().is_some_and(|n| n == "bool_or") && !negated => {
                self.truth(args.first()?, false)?
            }
            Sql::Call(name, args) => match self.function_named(name, args.len()) {
                Some(function) => self.call(function, args, negated)?,
                None => combine::is_true(&self.values(expr)?, negated),
            },
            _ => combine::is_true(&self.values(expr)?, negated),
        })
    }

    fn call(&mut self, function: &'f Function, args: &[Sql], negated: bool) -> Option<Vec<Way>> {
        if self.reader.is_guard(function) {
            return Some(vec![Way::of(Atom::IsNotNull(Term::Caller(
                Source::Subject,
            )))]);
        }
        let mut parts = Vec::new();
        for (way, terms) in combined(&self.all_values(args)?) {
            let inner = match self.reader.truth_of(function, terms.clone(), negated) {
                Some(inner) => inner,
                None => vec![Way::unknown(terms.iter().flat_map(Term::cells).collect())],
            };
            parts.push(super::both(&[way], &inner));
        }
        Some(any(parts))
    }

    /// `(select count(*) …) > 0`, `select count(*) > 0 …`
    fn count(
        &mut self,
        sign: &str,
        left: &Sql,
        right: &Sql,
        negated: bool,
    ) -> Option<Option<Vec<Way>>> {
        let Sql::Constant(number) = right else {
            return None;
        };
        let exists = !negated && combine::is_some(sign, number);
        let is_count = |expr: &Sql| match expr {
            Sql::Call(name, _) => name.last().is_some_and(|name| name == "count"),
            _ => false,
        };
        if is_count(left) {
            // The rows are those of the query that this is in.
            return Some(exists.then(super::always));
        }
        let Sql::Query(select) = left else {
            return None;
        };
        let [(target, _)] = select.targets.as_slice() else {
            return None;
        };
        if !is_count(target) {
            return None;
        }
        let rows = self.rows(select, false);
        Some(rows.map(|rows| {
            let ways: Vec<_> = rows.into_iter().map(|(way, _)| way).collect();
            if exists { ways } else { vec![test_of(&ways)] }
        }))
    }

    fn list(&mut self, sign: &str, left: &Sql, right: &Sql, negated: bool) -> Option<Vec<Way>> {
        let is_any = sign == "=";
        if !is_any && sign != "<>" {
            return Some(compare(
                How::Other,
                &self.values(left)?,
                &self.values(right)?,
            ));
        }
        let how = if is_any == negated {
            How::NotEqual
        } else {
            How::Equal
        };
        let left = self.values(left)?;
        let mut right_side = right;
        while let Sql::Cast(inner, _) = right_side {
            right_side = inner;
        }
        if let Sql::List(elements) = right_side {
            let values = self.all_values(elements)?;
            let whole = combine::list(&values);
            if let [
                Value {
                    term: Term::Constant(_),
                    ..
                },
            ] = whole.as_slice()
            {
                return Some(left.iter().map(|left| left.compared(how, &whole)).collect());
            }
            let parts = values.iter().map(|value| compare(how, &left, value));
            return Some(if how == How::Equal {
                any(parts)
            } else {
                all(parts)
            });
        }
        let right = self.values(right_side)?;
        let ways = compare(how, &left, &right);
        let reads = right.iter().any(|value| !value.way.reads.is_empty());
        Some(if how == How::NotEqual && reads {
            vec![test_of(&ways)]
        } else {
            ways
        })
    }

    fn query_truth(&mut self, select: &Select, negated: bool) -> Option<Vec<Way>> {
        let mut parts = Vec::new();
        for select in std::iter::once(select).chain(&select.union) {
            let known = self.ctes.len();
            let ways = self.enter(select)?;
            let target = select.targets.first()?;
            let truth = self.truth(&target.0, negated);
            self.leave(known);
            parts.push(super::both(&ways, &truth?));
        }
        Some(any(parts))
    }

    /// Returns the rows of a query: the conditions for each, and its columns if these are wanted.
    fn rows(&mut self, select: &Select, columns: bool) -> Option<Vec<(Way, Vec<Term>)>> {
        let mut rows = Vec::new();
        for select in std::iter::once(select).chain(&select.union) {
            let known = self.ctes.len();
            let ways = self.enter(select)?;
            let mut values = Vec::new();
            for (target, _) in select.targets.iter().filter(|_| columns) {
                match target {
                    Sql::Name(name) if name.last().is_some_and(|last| last == "*") => {
                        values.extend(self.whole_rows().into_iter().map(|term| vec![plain(term)]));
                    }
                    target => values.push(self.values(target)?),
                }
            }
            self.leave(known);
            for (way, terms) in combined(&values) {
                for row in super::both(&ways, &[way]) {
                    rows.push((row, terms.clone()));
                }
            }
        }
        Some(rows)
    }

    /// All columns of the innermost scope.
    fn whole_rows(&self) -> Vec<Term> {
        let mut all = Vec::new();
        for (_, binding) in self.scopes.last().into_iter().flatten() {
            match binding {
                Binding::Columns(columns) => all.extend(columns.iter().map(|(_, t)| t.clone())),
                Binding::Row { source, relation } => {
                    let relation = self.reader.facts.relations.get(relation);
                    let columns = relation.into_iter().flat_map(|r| &r.columns);
                    all.extend(columns.map(|column| {
                        Term::Cell(Cell {
                            source: *source,
                            relation: relation.map_or(0, |r| r.oid),
                            attno: column.attno,
                        })
                    }));
                }
            }
        }
        all
    }

    fn enter(&mut self, select: &Select) -> Option<Vec<Way>> {
        if select.is_odd {
            return None;
        }
        self.ctes.extend(select.ctes.iter().cloned());
        let mut scope = Scope::new();
        let mut way = Way::default();
        let mut parts = Vec::new();
        for From { alias, kind } in &select.from {
            let binding = match kind {
                FromKind::Table(name) => match self.cte(name) {
                    Some(query) => self.derived(&query, &mut parts)?,
                    None => {
                        let relation = self.relation(name)?;
                        if let Some((condition, terms)) = self.reader.row_of_view(relation.oid) {
                            parts.push(vec![condition]);
                            let names = relation.columns.iter().map(|c| c.name.clone());
                            let columns = names.zip(terms).collect();
                            scope.push((alias.clone(), Binding::Columns(columns)));
                            continue;
                        }
                        let relation = relation.oid;
                        let read = self.reader.read(relation, false);
                        way.reads.push(read);
                        Binding::Row {
                            source: read.source,
                            relation,
                        }
                    }
                },
                FromKind::Query(query) => self.derived(query, &mut parts)?,
                FromKind::Call(call) => {
                    let mut values = self.values(call)?;
                    let value = values.pop().filter(|_| values.is_empty())?;
                    parts.push(vec![value.way]);
                    Binding::Columns(vec![(alias.clone(), value.term)])
                }
            };
            scope.push((alias.clone(), binding));
        }
        self.scopes.push(scope);
        parts.push(vec![way]);
        for condition in &select.condition {
            parts.push(self.truth(condition, false)?);
        }
        Some(all(parts))
    }

    fn leave(&mut self, ctes: usize) {
        self.scopes.pop();
        self.ctes.truncate(ctes);
    }

    fn cte(&self, name: &[String]) -> Option<Select> {
        let [name] = name else {
            return None;
        };
        let known = self.ctes.iter().rev().find(|(own, _)| own == name);
        known.map(|(_, select)| select.clone())
    }

    fn derived(&mut self, select: &Select, parts: &mut Vec<Vec<Way>>) -> Option<Binding> {
        let mut rows = self.rows(select, true)?;
        let (way, terms) = rows.pop().filter(|_| rows.is_empty())?;
        parts.push(vec![way]);
        let names = select
            .targets
            .iter()
            .map(|(value, alias)| match (alias, value) {
                (Some(alias), _) => alias.clone(),
                (None, Sql::Name(name)) => name.last().cloned().unwrap_or_default(),
                (None, Sql::Call(name, _)) => name.last().cloned().unwrap_or_default(),
                _ => String::new(),
            });
        Some(Binding::Columns(names.zip(terms).collect()))
    }

    /// The relation of a name, as the function's `search_path` or the schemas around it say.
    fn relation(&self, name: &[String]) -> Option<&'f Relation> {
        let facts = self.reader.facts;
        match name {
            [schema, table] => facts.relation_named(schema, table),
            [table] => {
                let path = self.function.setting("search_path").unwrap_or_default();
                let path = path
                    .split(',')
                    .map(|schema| schema.trim().trim_matches(['"', '\'']));
                let own = facts.schema_name(self.function.schema);
                let mut schemas = path
                    .chain([own, "public"])
                    .filter(|schema| !schema.is_empty());
                schemas.find_map(|schema| facts.relation_named(schema, table))
            }
            _ => None,
        }
    }

    /// The function of a user, or a reader of claims, of this name and number of arguments, if
    /// there is one.
    fn function_named(&self, name: &[String], args: usize) -> Option<&'f Function> {
        let facts = self.reader.facts;
        let (name, schema) = match name {
            [schema, name] => (name, Some(schema.as_str())),
            [name] => (name, None),
            _ => return None,
        };
        let fits = |function: &&Function| {
            let count = function.arguments.len();
            let schema_fits = match schema {
                Some(schema) => facts.schema_name(function.schema) == schema,
                None => !facts.is_system(function.schema),
            };
            function.name == *name
                && schema_fits
                && args <= count
                && args >= count.saturating_sub(function.defaults.len())
        };
        let mut all = facts.functions.values().filter(fits);
        let found = all.next()?;
        all.next().is_none().then_some(found)
    }

    fn all_values(&mut self, args: &[Sql]) -> Option<Vec<Vec<Value>>> {
        args.iter().map(|arg| self.values(arg)).collect()
    }

    /// Returns the values of an expression. Nothing if it has something unknown.
    pub(super) fn values(&mut self, expr: &Sql) -> Option<Vec<Value>> {
        if !self.reader.descend() {
            return None;
        }
        let values = self.values_below(expr);
        self.reader.ascend();
        values
    }

    fn values_below(&mut self, expr: &Sql) -> Option<Vec<Value>> {
        if let Some(source) = source(expr) {
            return Some(vec![plain(Term::Caller(source))]);
        }
        Some(match expr {
            Sql::Name(name) => vec![plain(self.named(name)?)],
            Sql::Parameter(number) => {
                let place = number.checked_sub(1)?;
                vec![plain(self.args.get(place)?.clone())]
            }
            Sql::Constant(text) => vec![plain(Term::Constant(Some(text.clone())))],
            Sql::Null => vec![plain(Term::Constant(None))],
            Sql::Cast(arg, _) => self.values(arg)?,
            Sql::Query(select) => {
                let rows = self.rows(select, true)?.into_iter();
                rows.map(|(way, columns)| Value {
                    way,
                    term: columns
                        .into_iter()
                        .next()
                        .unwrap_or(Term::Unknown(Vec::new())),
                })
                .collect()
            }
            // With what takes the place of NULL it is still this value.
            Sql::Call(name, args) if is_coalesced(name, args) => self.values(args.first()?)?,
            Sql::Call(name, args) => {
                let values = self.all_values(args)?;
                match self.function_named(name, args.len()) {
                    Some(function) => {
                        let mut found = Vec::new();
                        for (way, terms) in combined(&values) {
                            let inner = self.reader.values_of(function, terms)?;
                            found.extend(inner.into_iter().map(|value| Value {
                                way: way.and(&value.way),
                                term: value.term,
                            }));
                        }
                        found
                    }
                    None => match (name.last().map(String::as_str), values.as_slice()) {
                        (
                            Some("array_agg" | "max" | "min" | "lower" | "btrim" | "unnest"),
                            [only],
                        ) => only.clone(),
                        (Some("count" | "sum" | "bool_or" | "bool_and" | "string_agg"), _) => {
                            return None;
                        }
                        _ => of(&values),
                    },
                }
            }
            Sql::Operator(_, left, right) | Sql::Distinct(left, right) => {
                let values = vec![self.values(left)?, self.values(right)?];
                of(&values)
            }
            Sql::List(args) => combine::list(&self.all_values(args)?),
            Sql::Of(args) => {
                let values = self.all_values(args)?;
                of(&values)
            }
            Sql::Case(whens, otherwise) => {
                let mut found = Vec::new();
                for (when, then) in whens {
                    let conditions = self.truth(when, false)?;
                    for value in self.values(then)? {
                        for way in super::both(&conditions, std::slice::from_ref(&value.way)) {
                            found.push(Value {
                                way,
                                term: value.term.clone(),
                            });
                        }
                    }
                }
                if let Some(otherwise) = otherwise {
                    found.extend(self.values(otherwise)?);
                }
                found
            }
            Sql::And(_)
            | Sql::Or(_)
            | Sql::Not(_)
            | Sql::IsNull(_)
            | Sql::IsTrue(_)
            | Sql::Any(..)
            | Sql::All(..)
            | Sql::Exists(_) => return None,
        })
    }

    /// What a name stands for: a column, innermost first, or an argument.
    fn named(&self, name: &[String]) -> Option<Term> {
        let facts = self.reader.facts;
        let column = |binding: &Binding, column: &str| match binding {
            Binding::Row { source, relation } => {
                let attribute = facts.relations.get(relation)?.column_named(column)?;
                Some(Term::Cell(Cell {
                    source: *source,
                    relation: *relation,
                    attno: attribute.attno,
                }))
            }
            Binding::Columns(columns) => {
                let known = columns.iter().find(|(own, _)| own == column);
                known.map(|(_, term)| term.clone())
            }
        };
        match name {
            [only] => {
                let mut scopes = self.scopes.iter().rev();
                let found = scopes
                    .find_map(|scope| scope.iter().find_map(|(_, binding)| column(binding, only)));
                // PL/pgSQL refuses a name that is both.
                match (found, self.argument(only)) {
                    (Some(_), Some(_)) if self.function.language == "plpgsql" => None,
                    (found, argument) => found.or(argument),
                }
            }
            [table, only] => {
                let mut scopes = self.scopes.iter().rev();
                let found = scopes.find_map(|scope| {
                    let item = scope.iter().find(|(alias, _)| alias == table)?;
                    column(&item.1, only)
                });
                let is_own = *table == self.function.name;
                found.or_else(|| self.argument(only).filter(|_| is_own))
            }
            [_, table, only] => self.named(&[table.clone(), only.clone()]),
            _ => None,
        }
    }

    fn argument(&self, name: &str) -> Option<Term> {
        let place = self
            .function
            .argument_names
            .iter()
            .position(|own| own == name)?;
        self.args.get(place).cloned()
    }
}

/// Where a value comes from that does not depend on the row, as `Sources` says it for expressions.
pub(in crate::lint) fn source(expr: &Sql) -> Option<Source> {
    match expr {
        Sql::Cast(arg, _) => source(arg),
        Sql::Query(select) => match select.targets.as_slice() {
            [(value, _)] if select.from.is_empty() && select.condition.is_empty() => source(value),
            _ => None,
        },
        Sql::Operator(sign, from, key) => {
            let Sql::Constant(key) = &**key else {
                return None;
            };
            let Source::Claim(mut path) = source(from)? else {
                return None;
            };
            match sign.as_str() {
                "->" | "->>" => path.push(key.clone()),
                "#>" | "#>>" => {
                    let steps = key.trim_matches(['{', '}']).split(',');
                    path.extend(steps.map(|step| step.trim().to_owned()));
                }
                _ => return None,
            }
            Some(claim(path))
        }
        Sql::Call(name, args) => match (name.as_slice(), args.as_slice()) {
            ([schema, name], []) if schema == "auth" => match name.as_str() {
                "uid" | "subject" => Some(Source::Subject),
                "jwt" => Some(claim(Vec::new())),
                "role" | "email" | "aal" | "org_id" | "org_role" | "client_id" => {
                    Some(claim(vec![name.clone()]))
                }
                _ => None,
            },
            ([name], [])
                if ["current_user", "session_user", "current_role", "user"]
                    .contains(&name.as_str()) =>
            {
                Some(Source::DatabaseRole)
            }
            ([.., name], [Sql::Constant(which), ..]) if name == "current_setting" => {
                Some(setting(which.clone()))
            }
            ([.., name], [first, ..])
                if ["coalesce", "nullif", "lower", "btrim", "trim"].contains(&name.as_str()) =>
            {
                let others = args.iter().skip(1);
                let plain = others.clone().all(|arg| {
                    matches!(arg, Sql::Constant(_) | Sql::Null | Sql::Cast(..))
                        || source(arg).is_some()
                });
                source(first).filter(|_| plain)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Returns true for `coalesce(value, constant)`.
fn is_coalesced(name: &[String], args: &[Sql]) -> bool {
    fn is_constant(expr: &Sql) -> bool {
        match expr {
            Sql::Constant(_) => true,
            Sql::Cast(arg, _) => is_constant(arg),
            Sql::List(elements) => elements.iter().all(is_constant),
            _ => false,
        }
    }
    name.last().is_some_and(|name| name == "coalesce") && args.iter().skip(1).all(is_constant)
}

fn claim(path: Vec<String>) -> Source {
    match path.as_slice() {
        [only] if only == "sub" => Source::Subject,
        _ => Source::Claim(path),
    }
}

fn plain(term: Term) -> Value {
    Value {
        way: Way::default(),
        term,
    }
}

fn of(args: &[Vec<Value>]) -> Vec<Value> {
    let rows = combined(args).into_iter();
    rows.map(|(way, terms)| Value {
        way,
        term: Term::Of(terms),
    })
    .collect()
}
