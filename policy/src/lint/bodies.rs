//! The functions that an expression calls, and those that these call, as far as their bodies are
//! trees (`BEGIN ATOMIC`, `RETURN`).

use std::collections::BTreeSet;

use super::context::Context;
use super::ways::Reader;
use crate::facts::{Body, Function, RelationKind};
use crate::{Expr, RangeKind};

impl<'f> Context<'f> {
    /// Returns an expression and the bodies of the functions of users that it calls.
    pub(super) fn with_bodies<'e>(&self, expr: &'e Expr) -> Vec<&'e Expr>
    where
        'f: 'e,
    {
        let mut exprs = vec![expr];
        for function in self.calls(expr) {
            if let Body::Tree(queries) = &function.body {
                exprs.extend(queries);
            }
        }
        exprs
    }

    /// Returns the bodies that are kept as text, in SQL or PL/pgSQL, of the functions of users that
    /// an expression calls.
    pub(super) fn texts(&self, expr: &Expr) -> Vec<&'f str> {
        let called = self.calls(expr).into_iter();
        let written = called.filter(|f| ["sql", "plpgsql"].contains(&f.language.as_str()));
        written.filter_map(Function::source).collect()
    }

    /// Returns the functions of users that an expression calls, and those that these call.
    pub(super) fn calls(&self, expr: &Expr) -> Vec<&'f Function> {
        let mut seen = BTreeSet::new();
        let mut left = self.helpers(expr);
        let mut called = Vec::new();
        while let Some(function) = left.pop() {
            if !seen.insert(function.oid) {
                continue;
            }
            called.push(function);
            if let Body::Tree(queries) = &function.body {
                left.extend(queries.iter().flat_map(|query| self.helpers(query)));
            }
        }
        called.sort_by_key(|function| function.oid);
        called
    }

    /// Returns the tables and views that an expression reads in its sub-selects, through views that
    /// read with the rights of their caller.
    pub(super) fn read_by(&self, expr: &Expr) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        let mut left = vec![expr];
        while let Some(expr) = left.pop() {
            for entry in expr.queries().iter().flat_map(|query| &query.range_table) {
                let RangeKind::Relation { relation, .. } = entry.kind else {
                    continue;
                };
                if found.insert(relation)
                    && let Some(view) = self.facts.relations.get(&relation)
                    && view.kind == RelationKind::View
                    && view.security_invoker
                {
                    left.extend(&view.query);
                }
            }
        }
        found
    }

    /// Returns the tables and views that the helpers of an expression read with the rights of their
    /// caller. What is in a function with the rights of its owner is not followed.
    pub(super) fn read_by_helpers(&self, expr: &Expr) -> BTreeSet<u32> {
        let mut reader = Reader::of(self.facts);
        let helpers = self.helpers(expr).into_iter();
        let mut found = BTreeSet::new();
        for function in helpers.filter(|function| !function.security_definer) {
            if let Body::Tree(queries) = &function.body {
                found.extend(queries.iter().flat_map(|query| self.read_by(query)));
            } else {
                let ways = reader.function(function).unwrap_or_default();
                let reads = ways.iter().flat_map(|way| &way.reads);
                found.extend(reads.map(|read| read.relation));
            }
        }
        found
    }
}
