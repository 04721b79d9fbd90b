//! The ways in which an expression can be true.

use super::combine::{self, all, any, cells_of, combined, compare, how, test_of};
use super::reader::Reader;
use super::{Atom, Cell, How, ROW, Term, Value, Way};
use crate::facts::Function;
use crate::lint::caller::{Source, is_constant};
use crate::{
    ArrayOperation, BooleanTest, Expr, FromItem, Operation, Query, RangeKind, SubLink, SubLinkKind,
    Var,
};

/// `ParamKind` of src/include/nodes/primnodes.h.
const EXTERN: u32 = 0;
const SUBLINK: u32 = 2;

/// Casts that are functions.
const CASTS: &[&str] = &[
    "text", "varchar", "bpchar", "name", "uuid", "int2", "int4", "int8", "numeric", "lower",
    "btrim",
];

/// What an entry of a range table stands for.
#[derive(Clone)]
enum Binding<'e> {
    /// A row of a table.
    Row {
        source: u32,
        relation: u32,
    },
    /// These columns.
    Columns(Vec<Term>),
    /// The expressions behind the columns of a join.
    Join(&'e [Expr]),
    Unknown,
}

struct Scope<'e> {
    query: Option<&'e Query>,
    bindings: Vec<Binding<'e>>,
}

pub(super) struct OfExpr<'r, 'f, 'e> {
    reader: &'r mut Reader<'f>,
    scopes: Vec<Scope<'e>>,
    /// The arguments of the function whose body this is.
    args: Vec<Term>,
    /// The columns of the sub-selects that are being compared.
    columns: Vec<Vec<Term>>,
}

impl<'r, 'f, 'e> OfExpr<'r, 'f, 'e> {
    pub(super) fn of_row(reader: &'r mut Reader<'f>, relation: u32) -> Self {
        let row = Binding::Row {
            source: ROW,
            relation,
        };
        let scope = Scope {
            query: None,
            bindings: vec![row],
        };
        Self {
            reader,
            scopes: vec![scope],
            args: Vec::new(),
            columns: Vec::new(),
        }
    }

    pub(super) fn of_body(reader: &'r mut Reader<'f>, args: Vec<Term>) -> Self {
        Self {
            reader,
            scopes: Vec::new(),
            args,
            columns: Vec::new(),
        }
    }

    pub(super) fn truth(&mut self, expr: &'e Expr, negated: bool) -> Vec<Way> {
        if !self.reader.descend() {
            return vec![Way::unknown(self.own_cells(expr))];
        }
        let ways = self.truth_below(expr, negated);
        self.reader.ascend();
        ways
    }

    fn truth_below(&mut self, expr: &'e Expr, negated: bool) -> Vec<Way> {
        match expr {
            Expr::And(args) | Expr::Or(args) => {
                let parts: Vec<_> = args.iter().map(|arg| self.truth(arg, negated)).collect();
                if matches!(expr, Expr::And(_)) == negated {
                    any(parts)
                } else {
                    all(parts)
                }
            }
            Expr::Not(arg) => self.truth(arg, !negated),
            Expr::BooleanTest(test, arg) => match test {
                BooleanTest::True | BooleanTest::NotFalse => self.truth(arg, negated),
                BooleanTest::False | BooleanTest::NotTrue => self.truth(arg, !negated),
                BooleanTest::Unknown | BooleanTest::NotUnknown => {
                    vec![test_of(&self.truth(arg, false))]
                }
            },
            Expr::Cast { arg, .. } | Expr::Collate(arg) | Expr::NamedArg(arg) => {
                self.truth(arg, negated)
            }
            Expr::IsNull(arg) => combine::is_null(self.value(arg), negated),
            Expr::IsNotNull(arg) => combine::is_null(self.value(arg), !negated),
            Expr::Operator(operation) => self.operator(operation, negated),
            Expr::Distinct(operation) => {
                let how = if negated { How::Equal } else { How::NotEqual };
                self.compare(how, &operation.args)
            }
            Expr::ArrayOperator(array) => self.array(array, negated),
            Expr::RowCompare(rows) => {
                let is_equal = rows.operators.iter().all(|o| self.operator_name(*o) == "=");
                let how = if is_equal && !negated {
                    How::Equal
                } else {
                    How::Other
                };
                let pairs = rows.left.iter().zip(&rows.right);
                let parts: Vec<_> = pairs
                    .map(|(a, b)| compare(how, &self.value(a), &self.value(b)))
                    .collect();
                all(parts)
            }
            Expr::Coalesce(args) if !negated => {
                let parts: Vec<_> = args.iter().map(|arg| self.truth(arg, false)).collect();
                any(parts)
            }
            Expr::Case(case) if case.arg.is_none() => {
                let mut parts = Vec::new();
                let mut before = super::always();
                for (when, then) in &case.whens {
                    let condition = self.truth(when, false);
                    let holds = self.truth(then, negated);
                    let is_or = holds.iter().any(Way::is_true);
                    parts.push(all([before.clone(), condition, holds]));
                    // `case when a then true when b …` is `a or b`.
                    if !is_or {
                        before = all([before, self.truth(when, true)]);
                    }
                }
                if let Some(otherwise) = &case.otherwise {
                    parts.push(all([before, self.truth(otherwise, negated)]));
                }
                any(parts)
            }
            Expr::SubLink(link) => self.link(link, negated),
            Expr::Aggregate(_) if !negated && self.aggregate(expr, "bool_or").is_some() => {
                let args = self.aggregate(expr, "bool_or").unwrap_or_default();
                all(args
                    .iter()
                    .map(|arg| self.truth(arg, false))
                    .collect::<Vec<_>>())
            }
            Expr::Call(call) => {
                let function = self.reader.facts.functions.get(&call.function);
                match function {
                    Some(function) => self.call(function, &call.args, negated),
                    None => combine::is_true(&self.value(expr), negated),
                }
            }
            _ => combine::is_true(&self.value(expr), negated),
        }
    }

    fn call(&mut self, function: &'f Function, args: &'e [Expr], negated: bool) -> Vec<Way> {
        if self.reader.is_guard(function) {
            return vec![Way::of(Atom::IsNotNull(Term::Caller(Source::Subject)))];
        }
        let values: Vec<_> = args.iter().map(|arg| self.value(arg)).collect();
        let mut ways = Vec::new();
        for (way, terms) in combined(&values) {
            match self.reader.truth_of(function, terms.clone(), negated) {
                Some(inner) => ways.push(super::both(&[way], &inner)),
                None if self.reader.facts.is_foreign_code(function) => {
                    let value = Value {
                        way,
                        term: Term::Of(terms),
                    };
                    ways.push(combine::is_true(&[value], negated));
                }
                None => {
                    let cells = terms.iter().flat_map(Term::cells).collect();
                    ways.push(vec![way.and(&Way::unknown(cells))]);
                }
            }
        }
        any(ways)
    }

    fn operator_name(&self, operator: u32) -> &str {
        let operator = self.reader.facts.operators.get(&operator);
        operator.map_or("", |operator| operator.name.as_str())
    }

    fn operator(&mut self, operation: &'e Operation, negated: bool) -> Vec<Way> {
        let name = self.operator_name(operation.operator).to_owned();
        if let [left, right] = operation.args.as_slice()
            && let Some(ways) = self.count(&name, left, right, negated)
        {
            return ways;
        }
        self.compare(how(&name, negated), &operation.args)
    }

    /// `(select count(*) …) > 0`, `select count(*) > 0 …`
    fn count(
        &mut self,
        operator: &str,
        left: &'e Expr,
        right: &'e Expr,
        negated: bool,
    ) -> Option<Vec<Way>> {
        let Expr::Const(constant) = right else {
            return None;
        };
        let number = self.reader.facts.integer_of(constant);
        let number = number.map(|number| number.to_string());
        let exists = !negated && combine::is_some(operator, number.as_deref()?);
        if self.aggregate(left, "count").is_some() {
            // The rows are those of the query that this is in.
            return Some(if exists {
                super::always()
            } else {
                vec![Way::unknown(Vec::new())]
            });
        }
        let Expr::SubLink(link) = left else {
            return None;
        };
        let [target] = link.query.targets.as_slice() else {
            return None;
        };
        self.aggregate(&target.expr, "count")?;
        let rows = self.rows(&link.query, false);
        let ways: Vec<_> = rows.into_iter().map(|(way, _)| way).collect();
        Some(if exists { ways } else { vec![test_of(&ways)] })
    }

    /// Returns the arguments of an aggregate of this name.
    fn aggregate(&self, expr: &'e Expr, name: &str) -> Option<&'e [Expr]> {
        let Expr::Aggregate(aggregation) = expr else {
            return None;
        };
        let function = self.reader.facts.functions.get(&aggregation.function)?;
        (function.name == name).then_some(aggregation.args.as_slice())
    }

    fn compare(&mut self, how: How, args: &'e [Expr]) -> Vec<Way> {
        let values: Vec<_> = args.iter().map(|arg| self.value(arg)).collect();
        match values.as_slice() {
            [left, right] => compare(how, left, right),
            _ => {
                let cells = values
                    .iter()
                    .flatten()
                    .flat_map(|v| v.term.cells())
                    .collect();
                vec![Way::of(Atom::Test(cells))]
            }
        }
    }

    fn array(&mut self, array: &'e ArrayOperation, negated: bool) -> Vec<Way> {
        let [left, right] = array.operation.args.as_slice() else {
            return vec![Way::unknown(Vec::new())];
        };
        let operator = self.operator_name(array.operation.operator).to_owned();
        let is_any = operator == "=" && array.any;
        let is_none = operator == "<>" && !array.any;
        let left = self.value(left);
        let elements = elements(right);
        if !is_any && !is_none {
            return compare(How::Other, &left, &self.value(right));
        }
        // `a <> all (b)` is `not (a = any (b))`.
        let how = if is_any == negated {
            How::NotEqual
        } else {
            How::Equal
        };
        match elements {
            Some(elements) => {
                let values: Vec<_> = elements.iter().map(|e| self.value(e)).collect();
                let whole = combine::list(&values);
                if let [
                    Value {
                        term: Term::Constant(_),
                        ..
                    },
                ] = whole.as_slice()
                {
                    return left.iter().map(|left| left.compared(how, &whole)).collect();
                }
                let parts = values.iter().map(|value| compare(how, &left, value));
                if how == How::Equal {
                    any(parts)
                } else {
                    all(parts)
                }
            }
            None => {
                let right = self.value(right);
                let ways = compare(how, &left, &right);
                let reads = right.iter().any(|value| !value.way.reads.is_empty());
                if how == How::NotEqual && reads {
                    vec![test_of(&ways)]
                } else {
                    ways
                }
            }
        }
    }

    fn link(&mut self, link: &'e SubLink, negated: bool) -> Vec<Way> {
        let ways = match link.kind {
            SubLinkKind::Value => return self.query_truth(&link.query, negated),
            SubLinkKind::Array => return vec![Way::unknown(Vec::new())],
            SubLinkKind::Exists => {
                let rows = self.rows(&link.query, false);
                rows.into_iter().map(|(way, _)| way).collect()
            }
            SubLinkKind::All => {
                // `<> all` is `not (= any)`, which is as far as it is followed.
                vec![test_of(&self.tested(link))]
            }
            SubLinkKind::Any | SubLinkKind::RowCompare => self.tested(link),
        };
        if negated { vec![test_of(&ways)] } else { ways }
    }

    fn tested(&mut self, link: &'e SubLink) -> Vec<Way> {
        let mut parts = Vec::new();
        for (way, columns) in self.rows(&link.query, true) {
            self.columns.push(columns);
            let test = match &link.test {
                Some(test) => self.truth(test, false),
                None => vec![Way::unknown(Vec::new())],
            };
            self.columns.pop();
            parts.push(super::both(&[way], &test));
        }
        any(parts)
    }

    /// Returns the ways in which the only column of a query is true.
    pub(super) fn query_truth(&mut self, query: &'e Query, negated: bool) -> Vec<Way> {
        let Some(way) = self.enter(query) else {
            return self.unknown_query(query);
        };
        let target = query.targets.iter().find(|target| !target.is_junk);
        let truth = target.map(|target| self.truth(&target.expr, negated));
        self.scopes.pop();
        super::both(&way, &truth.unwrap_or_default())
    }

    /// Returns the values of a query's first column.
    pub(super) fn query_values(&mut self, query: &'e Query) -> Vec<Value> {
        let rows = self.rows(query, true).into_iter();
        rows.map(|(way, columns)| Value {
            way,
            term: columns
                .into_iter()
                .next()
                .unwrap_or(Term::Unknown(Vec::new())),
        })
        .collect()
    }

    /// Returns the rows of a query: the conditions for each, and its columns if these are wanted.
    pub(super) fn rows(&mut self, query: &'e Query, columns: bool) -> Vec<(Way, Vec<Term>)> {
        let Some(ways) = self.enter(query) else {
            let columns = query
                .targets
                .iter()
                .map(|_| Term::Unknown(Vec::new()))
                .collect();
            let mut way = self.unknown_query(query);
            return way.pop().map(|way| (way, columns)).into_iter().collect();
        };
        let targets = query
            .targets
            .iter()
            .filter(|target| columns && !target.is_junk);
        let values: Vec<_> = targets.map(|target| self.value(&target.expr)).collect();
        self.scopes.pop();
        let mut rows = Vec::new();
        for (way, terms) in combined(&values) {
            for row in super::both(&ways, &[way]) {
                rows.push((row, terms.clone()));
            }
        }
        rows
    }

    fn unknown_query(&mut self, query: &'e Query) -> Vec<Way> {
        let cells = query
            .condition
            .iter()
            .flat_map(|expr| self.own_cells(expr))
            .collect();
        vec![Way::unknown(cells)]
    }

    /// Enters the scope of a query, and returns the conditions for its rows. Nothing if it is a
    /// kind of query that is not followed; the scope is left again then.
    fn enter(&mut self, query: &'e Query) -> Option<Vec<Way>> {
        if query.is_set_operation || query.having.is_some() || !query.opaque.is_empty() {
            return None;
        }
        let mut way = Way::default();
        let mut ways = super::always();
        self.scopes.push(Scope {
            query: Some(query),
            bindings: Vec::new(),
        });
        for entry in &query.range_table {
            let binding = match &entry.kind {
                RangeKind::Relation { relation, .. } => match self.reader.row_of_view(*relation) {
                    _ if self.reader.is_inside(*relation) => Binding::Unknown,
                    Some((condition, columns)) => {
                        ways = super::both(&ways, &[condition]);
                        Binding::Columns(columns)
                    }
                    None => {
                        let read = self.reader.read(*relation, true);
                        way.reads.push(read);
                        Binding::Row {
                            source: read.source,
                            relation: read.relation,
                        }
                    }
                },
                RangeKind::Subquery(query) => self.derived(query, &mut ways),
                RangeKind::Join(columns) | RangeKind::Group(columns) => Binding::Join(columns),
                RangeKind::Functions(calls) => match calls.as_slice() {
                    [call] => {
                        let values = self.value(call);
                        self.only_row(values, &mut ways)
                    }
                    _ => Binding::Unknown,
                },
                RangeKind::Cte { name, levels_up } => match self.cte(name, *levels_up) {
                    Some(query) => self.derived(query, &mut ways),
                    None => Binding::Unknown,
                },
                RangeKind::Values(_) | RangeKind::Opaque(_) => Binding::Unknown,
            };
            if let Some(scope) = self.scopes.last_mut() {
                scope.bindings.push(binding);
            }
        }
        let mut parts = vec![vec![way], ways];
        let mut items: Vec<&'e FromItem> = query.from.iter().collect();
        while let Some(item) = items.pop() {
            if let FromItem::Join {
                left,
                right,
                condition,
                ..
            } = item
            {
                items.extend([&**left, &**right]);
                if let Some(condition) = condition {
                    parts.push(self.truth(condition, false));
                }
            }
        }
        if let Some(condition) = &query.condition {
            parts.push(self.truth(condition, false));
        }
        Some(all(parts))
    }

    /// A query in `FROM`. Only one way to have its rows is followed.
    fn derived(&mut self, query: &'e Query, ways: &mut Vec<Way>) -> Binding<'e> {
        let mut rows = self.rows(query, true);
        match (rows.pop(), rows.is_empty()) {
            (Some((way, columns)), true) => {
                *ways = super::both(ways, &[way]);
                Binding::Columns(columns)
            }
            _ => {
                *ways = vec![Way::unknown(cells_of(ways))];
                Binding::Unknown
            }
        }
    }

    fn only_row(&mut self, mut values: Vec<Value>, ways: &mut Vec<Way>) -> Binding<'e> {
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => {
                *ways = super::both(ways, &[value.way]);
                Binding::Columns(vec![value.term])
            }
            _ => {
                *ways = vec![Way::unknown(cells_of(ways))];
                Binding::Unknown
            }
        }
    }

    fn cte(&self, name: &str, levels_up: u32) -> Option<&'e Query> {
        let scope = self.scope(levels_up)?;
        let ctes = &scope.query?.ctes;
        ctes.iter()
            .find(|cte| cte.name == name)
            .map(|cte| &cte.query)
    }

    fn scope(&self, levels_up: u32) -> Option<&Scope<'e>> {
        let up = usize::try_from(levels_up).ok()?;
        let place = self.scopes.len().checked_sub(1)?.checked_sub(up)?;
        self.scopes.get(place)
    }

    /// The row's columns that an expression reads, wherever they are.
    fn own_cells(&mut self, expr: &Expr) -> Vec<Cell> {
        let Some(Binding::Row {
            source: ROW,
            relation,
        }) = self
            .scopes
            .first()
            .and_then(|scope| scope.bindings.first())
            .cloned()
        else {
            return Vec::new();
        };
        // Without knowing how deep the expression is, each own-looking column counts.
        let columns = expr.columns().into_iter();
        columns
            .filter_map(|column| match column {
                crate::Column::Own { attno, .. } => Some(Cell {
                    source: ROW,
                    relation,
                    attno,
                }),
                _ => None,
            })
            .collect()
    }

    fn var(&mut self, var: Var) -> Vec<Value> {
        let binding = self.scope(var.levels_up).and_then(|scope| {
            let place = usize::try_from(var.varno).ok()?.checked_sub(1)?;
            scope.bindings.get(place).cloned()
        });
        let place = usize::try_from(var.attno)
            .ok()
            .and_then(|attno| attno.checked_sub(1));
        let term = match (binding, place) {
            (Some(Binding::Row { source, relation }), _) => Term::Cell(Cell {
                source,
                relation,
                attno: var.attno,
            }),
            (Some(Binding::Columns(terms)), Some(place)) => match terms.get(place) {
                Some(term) => term.clone(),
                None => Term::Unknown(Vec::new()),
            },
            (Some(Binding::Columns(terms)), None) => Term::Of(terms),
            (Some(Binding::Join(exprs)), Some(place)) => match exprs.get(place) {
                // The columns behind a join are those of its own scope.
                Some(Expr::Var(inner)) if var.levels_up == 0 => return self.var(*inner),
                Some(Expr::Var(inner)) => {
                    return self.var(Var {
                        levels_up: inner.levels_up.saturating_add(var.levels_up),
                        ..*inner
                    });
                }
                Some(expr) if var.levels_up == 0 => return self.value(expr),
                _ => Term::Unknown(Vec::new()),
            },
            _ => Term::Unknown(Vec::new()),
        };
        vec![plain(term)]
    }

    fn value(&mut self, expr: &'e Expr) -> Vec<Value> {
        if !self.reader.descend() {
            return vec![plain(Term::Unknown(self.own_cells(expr)))];
        }
        let values = self.value_below(expr);
        self.reader.ascend();
        values
    }

    fn value_below(&mut self, expr: &'e Expr) -> Vec<Value> {
        match self.reader.source(expr) {
            Some(Source::Helper(oid)) => {
                let function = self.reader.facts.functions.get(&oid);
                let values = function.and_then(|f| self.reader.values_of(f, Vec::new()));
                return values.unwrap_or_else(|| vec![plain(Term::Caller(Source::Helper(oid)))]);
            }
            Some(source) => return vec![plain(Term::Caller(source))],
            None => {}
        }
        match expr {
            Expr::Var(var) => self.var(*var),
            Expr::Const(constant) => {
                let text = if constant.is_null() {
                    None
                } else {
                    let number = self
                        .reader
                        .facts
                        .integer_of(constant)
                        .map(|number| number.to_string());
                    let truth = constant.as_bool().map(|truth| truth.to_string());
                    let text = self.reader.facts.text_of(expr);
                    let bytes = || format!("{:?}", constant.bytes);
                    Some(truth.or(text).or(number).unwrap_or_else(bytes))
                };
                vec![plain(Term::Constant(text))]
            }
            Expr::Param(param) => {
                let place = usize::try_from(param.id)
                    .ok()
                    .and_then(|id| id.checked_sub(1));
                let terms = match param.kind {
                    EXTERN => Some(&self.args),
                    SUBLINK => self.columns.last(),
                    _ => None,
                };
                let term = terms.zip(place).and_then(|(terms, place)| terms.get(place));
                vec![plain(term.cloned().unwrap_or(Term::Unknown(Vec::new())))]
            }
            Expr::Cast { arg, .. } | Expr::Collate(arg) | Expr::NamedArg(arg) => self.value(arg),
            Expr::SubLink(link)
                if [SubLinkKind::Value, SubLinkKind::Array].contains(&link.kind) =>
            {
                self.query_values(&link.query)
            }
            Expr::Call(call) => self.called(call.function, &call.args),
            Expr::Operator(o) | Expr::Distinct(o) | Expr::NullIf(o) => self.made_of(&o.args),
            // With what takes the place of NULL it is still this value.
            Expr::Coalesce(args) if others_are_constant(args) => match args.first() {
                Some(first) => self.value(first),
                None => self.made_of(args),
            },
            Expr::Coalesce(args) | Expr::Greatest(args) | Expr::Least(args) | Expr::Row(args) => {
                self.made_of(args)
            }
            Expr::Array(args) => {
                let values: Vec<_> = args.iter().map(|arg| self.value(arg)).collect();
                combine::list(&values)
            }
            Expr::Field(arg, _) => self.made_of(std::slice::from_ref(arg)),
            Expr::Subscript(from, bounds) => {
                let mut args = vec![self.value(from)];
                args.extend(bounds.iter().map(|bound| self.value(bound)));
                of(&args)
            }
            Expr::Aggregate(aggregation) => {
                let function = self.reader.facts.functions.get(&aggregation.function);
                let keeps = ["array_agg", "max", "min", "jsonb_agg", "json_agg"];
                match aggregation.args.as_slice() {
                    [arg] if function.is_some_and(|f| keeps.contains(&f.name.as_str())) => {
                        self.value(arg)
                    }
                    _ => vec![plain(Term::Unknown(self.own_cells(expr)))],
                }
            }
            Expr::Case(case) => {
                let mut args: Vec<_> = case
                    .whens
                    .iter()
                    .map(|(_, then)| self.value(then))
                    .collect();
                args.extend(case.otherwise.iter().map(|otherwise| self.value(otherwise)));
                of(&args)
            }
            _ => vec![plain(Term::Unknown(self.own_cells(expr)))],
        }
    }

    /// Returns the value that an expression without columns is.
    pub(super) fn only_term(&mut self, expr: &'e Expr) -> Term {
        match self.value(expr).as_slice() {
            [only] if only.way.is_true() => only.term.clone(),
            _ => Term::Unknown(Vec::new()),
        }
    }

    fn made_of(&mut self, args: &'e [Expr]) -> Vec<Value> {
        let values: Vec<_> = args.iter().map(|arg| self.value(arg)).collect();
        of(&values)
    }

    fn called(&mut self, function: u32, args: &'e [Expr]) -> Vec<Value> {
        let values: Vec<_> = args.iter().map(|arg| self.value(arg)).collect();
        let Some(function) = self.reader.facts.functions.get(&function) else {
            return of(&values);
        };
        if self.reader.facts.is_foreign_code(function) {
            return match values.into_iter().next() {
                Some(first) if CASTS.contains(&function.name.as_str()) => first,
                Some(first) => {
                    let mut all = vec![first];
                    all.extend(args.iter().skip(1).map(|arg| self.value(arg)));
                    of(&all)
                }
                None => vec![plain(Term::Of(Vec::new()))],
            };
        }
        let mut found = Vec::new();
        for (way, terms) in combined(&values) {
            match self.reader.values_of(function, terms.clone()) {
                Some(values) => found.extend(values.into_iter().map(|value| Value {
                    way: way.and(&value.way),
                    term: value.term,
                })),
                None => found.push(Value {
                    way,
                    term: Term::Unknown(terms.iter().flat_map(Term::cells).collect()),
                }),
            }
        }
        found
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
    rows.map(|(way, mut terms)| {
        let term = match terms.len() {
            1 => terms.pop().map(|term| Term::Of(vec![term])),
            _ => None,
        };
        Value {
            way,
            term: term.unwrap_or(Term::Of(terms)),
        }
    })
    .collect()
}

/// Returns true for `coalesce(value, constant)`.
fn others_are_constant(args: &[Expr]) -> bool {
    args.iter().skip(1).all(is_constant)
}

/// The elements of an array that is spelled out, through casts of the whole.
fn elements(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Array(elements) => Some(elements),
        Expr::Cast { arg, .. } => elements(arg),
        _ => None,
    }
}
