//! Conditions of policies, and the helpers that they call: as trees, or as texts.

use super::of_expr::OfExpr;
use super::of_text::OfText;
use super::reader::Reader;
use super::sql::{Sql, as_expression, select_of, statements};
use super::{Term, Value, Way};
use crate::Expr;
use crate::facts::{Body, Function, RelationKind};

impl Reader<'_> {
    /// Returns the ways in which an expression of a table's policy can be true.
    pub(in crate::lint) fn policy(&mut self, relation: u32, expr: &Expr) -> Vec<Way> {
        self.begin();
        OfExpr::of_row(self, relation).truth(expr, false)
    }

    /// Returns the ways in which a function can return a row, or `true`, by its own parameters.
    pub(in crate::lint) fn function(&mut self, function: &Function) -> Option<Vec<Way>> {
        self.begin();
        let args = (0..function.arguments.len()).map(Term::Parameter).collect();
        let is_boolean = self.facts.type_name(function.result) == "boolean";
        if is_boolean {
            self.truth_of(function, args, false)
        } else {
            let values = self.values_of(function, args)?;
            Some(values.into_iter().map(|row| row.way).collect())
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
        let facts = self.facts;
        let view = facts.relations.get(&relation)?;
        let Some(Expr::SubLink(link)) = view.query.as_ref() else {
            return None;
        };
        if view.kind != RelationKind::View || facts.is_system(view.schema) {
            return None;
        }
        self.enter(relation, |reader| {
            let mut rows = OfExpr::of_body(reader, Vec::new()).rows(&link.query, true);
            let row = rows.pop().filter(|_| rows.is_empty())?;
            (!row.0.is_unknown()).then_some(row)
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
}

/// Returns the text of a function in SQL or PL/pgSQL as one expression.
fn expression(function: &Function, text: &str) -> Option<Sql> {
    match function.language.as_str() {
        "sql" => Some(Sql::Query(Box::new(select_of(text)?))),
        "plpgsql" => as_expression(&statements(text)?),
        _ => None,
    }
}
