//! What reading expressions and reading texts have in common: comparing, and looking into helpers.

use super::of_expr::OfExpr;
use super::of_text::OfText;
use super::sql::{Sql, as_expression, select_of, statements};
use super::{Atom, Cell, How, Read, Term, Value, Way, always, both, bounded};
use crate::Expr;
use crate::facts::{Body, Facts, Function, RelationKind};
use crate::lint::Context;

/// The depth to which helpers are looked into.
const MAX_CALLS: usize = 6;

/// The number of helpers that are looked into for one condition.
const MAX_LOOKS: u32 = 200;

/// The depth of expressions that is followed, those of helpers included: each level is on the
/// stack.
const MAX_DEPTH: u32 = 120;

/// Reads conditions.
pub(in crate::lint) struct Reader<'c, 'f> {
    pub(super) context: &'c Context<'f>,
    next: u32,
    /// The helpers and views that are being looked into.
    calls: Vec<u32>,
    looks: u32,
    depth: u32,
}

impl<'c, 'f> Reader<'c, 'f> {
    pub(in crate::lint) fn of(context: &'c Context<'f>) -> Self {
        Self {
            context,
            next: 0,
            calls: Vec::new(),
            looks: 0,
            depth: 0,
        }
    }

    fn begin(&mut self) {
        self.next = 0;
        self.calls.clear();
        self.looks = 0;
        self.depth = 0;
    }

    /// Goes one level deeper. Returns false if that is too deep.
    pub(super) fn descend(&mut self) -> bool {
        let deeper = self.depth.saturating_add(1);
        let is_open = deeper < MAX_DEPTH;
        if is_open {
            self.depth = deeper;
        }
        is_open
    }

    /// Goes back.
    pub(super) fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn facts(&self) -> &'f Facts {
        self.context.facts
    }

    /// Returns the ways in which an expression of a table's policy can be true.
    pub(in crate::lint) fn policy(&mut self, relation: u32, expr: &Expr) -> Vec<Way> {
        self.begin();
        OfExpr::of_row(self, relation).truth(expr, false)
    }

    /// Returns the ways in which a function can return a row, or `true`, by its own parameters.
    pub(in crate::lint) fn function(&mut self, function: &Function) -> Option<Vec<Way>> {
        self.begin();
        let args = (0..function.arguments.len()).map(Term::Parameter).collect();
        let is_boolean = self.context.facts.type_name(function.result) == "boolean";
        if is_boolean {
            self.truth_of(function, args, false)
        } else {
            let values = self.values_of(function, args)?;
            Some(values.into_iter().map(|row| row.way).collect())
        }
    }

    /// Returns true if this is the view that is being looked into: up to Postgres 15 its query has
    /// entries for its own old and new row.
    pub(super) fn is_inside(&self, view: u32) -> bool {
        self.calls.last() == Some(&view)
    }

    /// A table that a sub-select reads.
    pub(super) fn read(&mut self, relation: u32, is_own: bool) -> Read {
        self.next = self.next.saturating_add(1);
        let facts = self.context.facts;
        let is_as_caller = |oid: &u32| match (facts.functions.get(oid), facts.relations.get(oid)) {
            (Some(helper), _) => !helper.security_definer,
            (None, view) => view.is_some_and(|view| view.security_invoker),
        };
        Read {
            source: self.next,
            relation,
            is_own: is_own && self.calls.is_empty(),
            as_caller: self.calls.iter().all(is_as_caller),
        }
    }

    /// Returns the ways in which a helper returns true, if what it does is known.
    pub(super) fn truth_of(
        &mut self,
        function: &Function,
        args: Vec<Term>,
        negated: bool,
    ) -> Option<Vec<Way>> {
        let args = self.with_defaults(function, args);
        self.look_into(function, |reader| match &function.body {
            Body::Tree(queries) => match queries.as_slice() {
                [Expr::SubLink(link)] => {
                    Some(OfExpr::of_body(reader, args).query_truth(&link.query, negated))
                }
                _ => None,
            },
            Body::Source(text) => {
                let expr = expression(function, text)?;
                OfText::of(reader, function, args).truth(&expr, negated)
            }
            Body::Unread => None,
        })
    }

    /// Returns what a row of a view asks for, and its columns. Nothing for what is no view, or for
    /// one that is not followed.
    pub(super) fn row_of_view(&mut self, relation: u32) -> Option<(Way, Vec<Term>)> {
        let facts = self.context.facts;
        let view = facts.relations.get(&relation)?;
        let Some(Expr::SubLink(link)) = view.query.as_ref() else {
            return None;
        };
        let is_followed = view.kind == RelationKind::View
            && !facts.is_system(view.schema)
            && self.calls.len() < MAX_CALLS
            && self.looks < MAX_LOOKS
            && !self.calls.contains(&relation);
        if !is_followed {
            return None;
        }
        self.looks = self.looks.saturating_add(1);
        self.calls.push(relation);
        let mut rows = OfExpr::of_body(self, Vec::new()).rows(&link.query, true);
        self.calls.pop();
        let row = rows.pop().filter(|_| rows.is_empty())?;
        (!row.0.is_unknown()).then_some(row)
    }

    /// Returns the values that a helper can return, if what it does is known.
    pub(super) fn values_of(&mut self, function: &Function, args: Vec<Term>) -> Option<Vec<Value>> {
        let args = self.with_defaults(function, args);
        self.look_into(function, |reader| match &function.body {
            Body::Tree(queries) => match queries.as_slice() {
                [Expr::SubLink(link)] => {
                    Some(OfExpr::of_body(reader, args).query_values(&link.query))
                }
                _ => None,
            },
            Body::Source(text) => {
                let expr = expression(function, text)?;
                OfText::of(reader, function, args).values(&expr)
            }
            Body::Unread => None,
        })
    }

    /// Adds the values of the arguments that a call leaves out: `is_member(org, auth.uid())`.
    fn with_defaults(&mut self, function: &Function, mut args: Vec<Term>) -> Vec<Term> {
        let missing = function.arguments.len().saturating_sub(args.len());
        let from = function.defaults.len().saturating_sub(missing);
        for default in function.defaults.get(from..).unwrap_or_default() {
            args.push(OfExpr::of_body(self, Vec::new()).only_term(default));
        }
        args
    }

    fn look_into<T>(
        &mut self,
        function: &Function,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let is_open = !self.context.facts.is_foreign_code(function)
            && self.calls.len() < MAX_CALLS
            && self.looks < MAX_LOOKS
            && !self.calls.contains(&function.oid);
        if !is_open {
            return None;
        }
        self.looks = self.looks.saturating_add(1);
        self.calls.push(function.oid);
        let result = read(self);
        self.calls.pop();
        result
    }

    /// Returns true for the checks of authguard, which pass for every user who is not revoked.
    pub(super) fn is_guard(&self, function: &Function) -> bool {
        let facts = self.context.facts;
        let readers = facts.server.authguard.as_ref().map(|own| own.readers);
        let in_auth = facts.schema_name(function.schema) == "auth";
        (in_auth || readers == Some(function.schema))
            && ["is_active", "is_revoked", "is_user"].contains(&function.name.as_str())
    }
}

/// Returns the text of a function in SQL or PL/pgSQL as one expression.
fn expression(function: &Function, text: &str) -> Option<Sql> {
    match function.language.as_str() {
        "sql" => Some(Sql::Query(Box::new(select_of(text)?))),
        "plpgsql" => as_expression(&statements(text)?),
        _ => None,
    }
}

/// Returns the ways in which two values compare like this.
pub(super) fn compare(how: How, left: &[Value], right: &[Value]) -> Vec<Way> {
    let mut ways = Vec::new();
    for a in left {
        for b in right {
            let mut way = a.way.and(&b.way);
            match (how, &a.term, &b.term) {
                (_, Term::Constant(None), _) | (_, _, Term::Constant(None)) => continue,
                (How::Equal, Term::Constant(Some(a)), Term::Constant(Some(b))) => {
                    if a != b {
                        continue;
                    }
                }
                (How::NotEqual, Term::Constant(Some(a)), Term::Constant(Some(b))) => {
                    if a == b {
                        continue;
                    }
                }
                _ => way
                    .atoms
                    .push(Atom::Compare(how, a.term.clone(), b.term.clone())),
            }
            ways.push(way);
        }
    }
    bounded(ways)
}

/// Returns the ways in which a value is true, or false.
pub(super) fn is_true(values: &[Value], negated: bool) -> Vec<Way> {
    let mut ways = Vec::new();
    for value in values {
        let mut way = value.way.clone();
        match &value.term {
            Term::Constant(None) => continue,
            Term::Constant(Some(text)) if is_truth(text) => {
                if (text == "true") == negated {
                    continue;
                }
            }
            Term::Unknown(cells) => way.atoms.push(Atom::Unknown(cells.clone())),
            term => {
                let wanted = Term::Constant(Some((!negated).to_string()));
                way.atoms
                    .push(Atom::Compare(How::Equal, term.clone(), wanted));
            }
        }
        ways.push(way);
    }
    ways
}

fn is_truth(text: &str) -> bool {
    text == "true" || text == "false"
}

/// Returns the ways in which a value is NULL, or is not.
pub(super) fn is_null(values: Vec<Value>, negated: bool) -> Vec<Way> {
    let mut ways = Vec::new();
    for value in values {
        let mut way = value.way;
        match (&value.term, negated) {
            (Term::Constant(None), true) | (Term::Constant(Some(_)), false) => continue,
            (Term::Constant(_), _) => {}
            // A sub-select without a row is NULL, too.
            (_, false) if !way.reads.is_empty() => way = test_of(&[way]),
            (term, true) => way.atoms.push(Atom::IsNotNull(term.clone())),
            (term, false) => way.atoms.push(Atom::IsNull(term.clone())),
        }
        ways.push(way);
    }
    ways
}

/// A condition about all these columns that is not followed further, such as `NOT EXISTS`. What it
/// reads is not counted as read.
pub(super) fn test_of(ways: &[Way]) -> Way {
    if ways.iter().any(Way::is_unknown) {
        return Way::unknown(cells_of(ways));
    }
    Way::of(Atom::Test(cells_of(ways)))
}

pub(super) fn cells_of(ways: &[Way]) -> Vec<Cell> {
    let atoms = ways.iter().flat_map(|way| &way.atoms);
    let mut cells: Vec<Cell> = atoms.flat_map(Atom::cells).collect();
    cells.sort();
    cells.dedup();
    cells
}

/// Returns an array of values; of constants it is a constant, too.
pub(super) fn list(elements: &[Vec<Value>]) -> Vec<Value> {
    let constant = |values: &Vec<Value>| match values.as_slice() {
        [
            Value {
                term: Term::Constant(Some(text)),
                ..
            },
        ] => Some(text.clone()),
        _ => None,
    };
    let constants: Option<Vec<String>> = elements.iter().map(constant).collect();
    let rows = combined(elements).into_iter();
    rows.map(|(way, terms)| Value {
        way,
        term: match &constants {
            Some(constants) => Term::Constant(Some(constants.join(","))),
            None => Term::Of(terms),
        },
    })
    .collect()
}

/// Each combination of values.
pub(super) fn combined(args: &[Vec<Value>]) -> Vec<(Way, Vec<Term>)> {
    let mut all = vec![(Way::default(), Vec::new())];
    for values in args {
        let mut next = Vec::new();
        for (way, terms) in &all {
            for value in values {
                let mut terms = terms.clone();
                terms.push(value.term.clone());
                next.push((way.and(&value.way), terms));
            }
        }
        if next.len() > super::MAX_WAYS {
            let cells = args
                .iter()
                .flatten()
                .flat_map(|value| value.term.cells())
                .collect();
            return vec![(
                Way::unknown(cells),
                vec![Term::Unknown(Vec::new()); args.len()],
            )];
        }
        all = next;
    }
    all
}

/// All of these hold.
pub(super) fn all(parts: impl IntoIterator<Item = Vec<Way>>) -> Vec<Way> {
    parts
        .into_iter()
        .fold(always(), |all, part| both(&all, &part))
}

/// One of these holds.
pub(super) fn any(parts: impl IntoIterator<Item = Vec<Way>>) -> Vec<Way> {
    bounded(parts.into_iter().flatten().collect())
}

/// Returns true for `count(*) > 0` and the like.
pub(super) fn is_some(operator: &str, number: &str) -> bool {
    matches!((operator, number), (">" | "<>", "0") | (">=" | "=", "1"))
}

/// How an operator compares.
pub(super) fn how(operator: &str, negated: bool) -> How {
    match (operator, negated) {
        ("=", false) | ("<>", true) | ("@>" | "<@" | "&&" | "?" | "?|" | "?&", false) => How::Equal,
        ("=", true) | ("<>", false) => How::NotEqual,
        _ => How::Other,
    }
}
