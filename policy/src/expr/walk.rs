//! Walks through an expression and its sub-selects. What is still to be visited is on the heap, and
//! each column of a join is visited once, so that no expression costs more than its length.

use std::collections::{BTreeSet, HashSet};

use super::{Expr, FromItem, Query, RangeKind, Var};

/// A column that an expression reads, joins and grouping seen through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// A column of what the expression belongs to: the table of a policy has `varno` 1.
    Own {
        /// The number of the entry.
        varno: u32,
        /// The number of the column, as in [`Var::attno`].
        attno: i16,
    },
    /// A column of a table or view in a sub-select.
    Relation {
        /// The OID of the table or view.
        relation: u32,
        /// The number of the column, as in [`Var::attno`].
        attno: i16,
    },
    /// A column of an entry that is not there, or not known. No rule may judge the expression.
    Unresolved,
}

impl Expr {
    /// Splits at `AND`: all of these are true, or the expression is not.
    pub fn conjuncts(&self) -> Vec<&Expr> {
        self.split(|expr| match expr {
            Expr::And(args) => Some(args),
            _ => None,
        })
    }

    /// Splits at `OR`: one of these is true, or the expression is not.
    pub fn disjuncts(&self) -> Vec<&Expr> {
        self.split(|expr| match expr {
            Expr::Or(args) => Some(args),
            _ => None,
        })
    }

    /// Splits at `AND` and `OR`, however they are nested.
    pub fn clauses(&self) -> Vec<&Expr> {
        self.split(|expr| match expr {
            Expr::And(args) | Expr::Or(args) => Some(args),
            _ => None,
        })
    }

    fn split(&self, parts: fn(&Expr) -> Option<&[Expr]>) -> Vec<&Expr> {
        let mut left = vec![self];
        let mut split = Vec::new();
        while let Some(expr) = left.pop() {
            match parts(expr) {
                Some(parts) => left.extend(parts.iter().rev()),
                None => split.push(expr),
            }
        }
        split
    }

    /// Returns this expression and all those in it, in sub-selects too.
    pub fn parts(&self) -> impl Iterator<Item = &Expr> {
        Walk::through(self).filter_map(|step| match step {
            Step::Expr(expr) => Some(expr),
            _ => None,
        })
    }

    /// Returns the functions that are called, in sub-selects too, also those of operators. A
    /// comparison of rows and the sorting of rows name operators only: [`Expr::operators`].
    pub fn functions(&self) -> BTreeSet<u32> {
        let functions = self.parts().flat_map(|expr| match expr {
            Expr::Other(other) => other.functions.clone(),
            expr => expr.function().into_iter().collect(),
        });
        functions.collect()
    }

    /// Returns the operators that are used, in sub-selects too.
    pub fn operators(&self) -> BTreeSet<u32> {
        let operators = self.parts().flat_map(|expr| match expr {
            Expr::Operator(operation) | Expr::Distinct(operation) | Expr::NullIf(operation) => {
                vec![operation.operator]
            }
            Expr::ArrayOperator(array) => vec![array.operation.operator],
            Expr::RowCompare(rows) => rows.operators.clone(),
            Expr::Other(other) => other.operators.clone(),
            _ => Vec::new(),
        });
        operators.collect()
    }

    /// Returns the columns that are read, in sub-selects too.
    pub fn columns(&self) -> BTreeSet<Column> {
        let columns = Walk::through(self).filter_map(|step| match step {
            Step::Column(column) => Some(column),
            _ => None,
        });
        columns.collect()
    }

    /// Returns the queries of sub-selects, each before those inside it.
    pub fn queries(&self) -> Vec<&Query> {
        let queries = Walk::through(self).filter_map(|step| match step {
            Step::Query(query) => Some(query),
            _ => None,
        });
        queries.collect()
    }

    /// Returns the names of the nodes that are not known, one for each node, `VAR` for a column of
    /// which is not known what it is. No rule may judge an expression that has one.
    pub fn opaque(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for step in Walk::through(self) {
            match step {
                Step::Expr(Expr::Opaque(name)) => names.push(name.as_str()),
                Step::Query(query) => names.extend(query.opaque_names()),
                Step::Column(Column::Unresolved) => names.push("VAR"),
                _ => {}
            }
        }
        names
    }

    /// The function that this node itself calls.
    fn function(&self) -> Option<u32> {
        let function = match self {
            Self::Call(call) => call.function,
            Self::Operator(operation) | Self::Distinct(operation) | Self::NullIf(operation) => {
                operation.function
            }
            Self::ArrayOperator(array) => array.operation.function,
            Self::Aggregate(aggregation) | Self::Window(aggregation) => aggregation.function,
            _ => return None,
        };
        (function != 0).then_some(function)
    }

    /// Adds the expressions right below this one.
    pub(crate) fn children<'e>(&'e self, all: &mut Vec<&'e Expr>) {
        match self {
            Self::Var(_)
            | Self::Const(_)
            | Self::Param(_)
            | Self::CaseTest
            | Self::CurrentOf
            | Self::SqlValue(_)
            | Self::Opaque(_) => {}
            Self::Call(call) => all.extend(&call.args),
            Self::Operator(operation) | Self::Distinct(operation) | Self::NullIf(operation) => {
                all.extend(&operation.args);
            }
            Self::ArrayOperator(array) => all.extend(&array.operation.args),
            Self::RowCompare(rows) => all.extend(rows.left.iter().chain(&rows.right)),
            Self::And(args)
            | Self::Or(args)
            | Self::Coalesce(args)
            | Self::Greatest(args)
            | Self::Least(args)
            | Self::Row(args)
            | Self::Array(args) => all.extend(args),
            Self::Not(arg)
            | Self::IsNull(arg)
            | Self::IsNotNull(arg)
            | Self::BooleanTest(_, arg)
            | Self::Collate(arg)
            | Self::Field(arg, _)
            | Self::NamedArg(arg) => all.push(arg),
            Self::Case(case) => {
                all.extend(case.arg.as_deref());
                all.extend(case.whens.iter().flat_map(|(when, then)| [when, then]));
                all.extend(case.otherwise.as_deref());
            }
            Self::SubLink(link) => all.extend(link.test.as_deref()),
            Self::Cast { arg, element, .. } => {
                all.push(arg);
                all.extend(element.as_deref());
            }
            Self::Subscript(container, bounds) => {
                all.push(container);
                all.extend(bounds);
            }
            Self::Aggregate(aggregation) | Self::Window(aggregation) => {
                all.extend(&aggregation.args);
                all.extend(aggregation.filter.as_deref());
                all.extend(&aggregation.sorting);
            }
            Self::Other(other) => all.extend(&other.args),
        }
    }
}

impl Query {
    fn opaque_names(&self) -> impl Iterator<Item = &str> {
        let entries = self
            .range_table
            .iter()
            .filter_map(|entry| match &entry.kind {
                RangeKind::Opaque(name) => Some(name.as_str()),
                _ => None,
            });
        self.opaque.iter().map(String::as_str).chain(entries)
    }

    /// Adds the expressions right below this query. Those behind the columns of a join or grouping
    /// are left out: they count where the column is read.
    fn children<'e>(&'e self, all: &mut Vec<&'e Expr>) {
        for entry in &self.range_table {
            match &entry.kind {
                RangeKind::Functions(calls) => all.extend(calls),
                RangeKind::Values(rows) => all.extend(rows.iter().flatten()),
                _ => {}
            }
        }
        let mut items: Vec<&FromItem> = self.from.iter().collect();
        while let Some(item) = items.pop() {
            if let FromItem::Join {
                left,
                right,
                condition,
                ..
            } = item
            {
                items.extend([&**left, &**right]);
                all.extend(condition);
            }
        }
        all.extend(&self.condition);
        all.extend(self.targets.iter().map(|target| &target.expr));
        all.extend(
            [&self.having, &self.offset, &self.limit]
                .into_iter()
                .flatten(),
        );
        all.extend(&self.others);
    }

    fn queries(&self) -> impl DoubleEndedIterator<Item = &Query> {
        let entries = self
            .range_table
            .iter()
            .filter_map(|entry| match &entry.kind {
                RangeKind::Subquery(query) => Some(&**query),
                _ => None,
            });
        self.ctes.iter().map(|cte| &cte.query).chain(entries)
    }
}

enum Step<'e> {
    Expr(&'e Expr),
    Query(&'e Query),
    Column(Column),
}

/// The number of a query among those that the walk has entered; `None` outside of all.
type Scope = Option<usize>;

/// A place in the walk.
#[derive(Clone, Copy)]
struct Place {
    scope: Scope,
    /// The number of the column that is being seen through, if one is.
    behind: Option<usize>,
}

/// An entry of a range table that the walk sees through, and the one seen through before it.
struct Behind {
    scope: usize,
    varno: u32,
    before: Option<usize>,
}

struct Walk<'e> {
    left: Vec<(Place, Step<'e>)>,
    /// The queries entered, each with the one around it.
    scopes: Vec<(&'e Query, Scope)>,
    behind: Vec<Behind>,
    /// The columns of joins and groupings that were seen through.
    resolved: HashSet<(usize, u32, i16)>,
}

impl<'e> Walk<'e> {
    fn through(expr: &'e Expr) -> Self {
        let start = Place {
            scope: None,
            behind: None,
        };
        Self {
            left: vec![(start, Step::Expr(expr))],
            scopes: Vec::new(),
            behind: Vec::new(),
            resolved: HashSet::new(),
        }
    }

    fn visit(&mut self, place: Place, exprs: Vec<&'e Expr>) {
        let steps = exprs
            .into_iter()
            .rev()
            .map(|expr| (place, Step::Expr(expr)));
        self.left.extend(steps);
    }

    fn enter(&mut self, query: &'e Query, outer: Place) {
        let place = Place {
            scope: Some(self.scopes.len()),
            ..outer
        };
        self.scopes.push((query, outer.scope));
        let inner = query
            .queries()
            .rev()
            .map(|query| (place, Step::Query(query)));
        self.left.extend(inner);
        let mut exprs = Vec::new();
        query.children(&mut exprs);
        self.visit(place, exprs);
    }

    /// Visits what a column stands for.
    fn resolve(&mut self, var: Var, place: Place) {
        let column = match self.outwards(place.scope, var.levels_up) {
            None => Column::Unresolved,
            Some(None) => Column::Own {
                varno: var.varno,
                attno: var.attno,
            },
            Some(Some(scope)) => match self.look_up(var, scope, place.behind) {
                None => Column::Unresolved,
                Some(Source::Column(column)) => column,
                Some(Source::Exprs(exprs)) => {
                    if self.resolved.insert((scope, var.varno, var.attno)) {
                        let number = self.behind.len();
                        self.behind.push(Behind {
                            scope,
                            varno: var.varno,
                            before: place.behind,
                        });
                        let place = Place {
                            scope: Some(scope),
                            behind: Some(number),
                        };
                        self.visit(place, exprs);
                    }
                    return;
                }
            },
        };
        self.left.push((place, Step::Column(column)));
    }

    /// Returns the scope so many queries further out, or `None` if there are not so many.
    fn outwards(&self, mut scope: Scope, levels: u32) -> Option<Scope> {
        for _ in 0..levels {
            scope = self.scopes.get(scope?)?.1;
        }
        Some(scope)
    }

    fn look_up(&self, var: Var, scope: usize, behind: Option<usize>) -> Option<Source<'e>> {
        let (query, _) = self.scopes.get(scope)?;
        let place = usize::try_from(var.varno).ok()?.checked_sub(1)?;
        match &query.range_table.get(place)?.kind {
            RangeKind::Relation { relation, .. } => Some(Source::Column(Column::Relation {
                relation: *relation,
                attno: var.attno,
            })),
            RangeKind::Join(columns) | RangeKind::Group(columns) => {
                if self
                    .limit(scope, behind)
                    .is_some_and(|limit| var.varno >= limit)
                {
                    return None;
                }
                let exprs = match usize::try_from(var.attno).ok()?.checked_sub(1) {
                    None => columns.iter().collect(),
                    Some(place) => vec![columns.get(place)?],
                };
                Some(Source::Exprs(exprs))
            }
            // The walk visits all that these read.
            RangeKind::Subquery(_)
            | RangeKind::Functions(_)
            | RangeKind::Values(_)
            | RangeKind::Cte { .. } => Some(Source::Exprs(Vec::new())),
            RangeKind::Opaque(_) => None,
        }
    }

    /// Returns the entry of a query that is being seen through. What is behind it are entries
    /// before it, or it would be behind itself.
    fn limit(&self, scope: usize, mut behind: Option<usize>) -> Option<u32> {
        loop {
            let entry = self.behind.get(behind?)?;
            if entry.scope == scope {
                return Some(entry.varno);
            }
            behind = entry.before;
        }
    }
}

/// What a column of a sub-select stands for.
enum Source<'e> {
    Column(Column),
    Exprs(Vec<&'e Expr>),
}

impl<'e> Iterator for Walk<'e> {
    type Item = Step<'e>;

    fn next(&mut self) -> Option<Step<'e>> {
        let (place, step) = self.left.pop()?;
        match step {
            Step::Column(_) => {}
            Step::Query(query) => self.enter(query, place),
            Step::Expr(Expr::Var(var)) => self.resolve(*var, place),
            Step::Expr(expr) => {
                if let Expr::SubLink(link) = expr {
                    self.left.push((place, Step::Query(&link.query)));
                }
                let mut exprs = Vec::new();
                expr.children(&mut exprs);
                self.visit(place, exprs);
            }
        }
        Some(step)
    }
}
