//! The functions that an expression calls, and those that these call, as far as their bodies are
//! trees (`BEGIN ATOMIC`, `RETURN`).

use std::collections::BTreeSet;

use super::Context;
use crate::Expr;
use crate::facts::{Body, Function};

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
}
