//! The clauses of an expression, each with its own SQL text: a policy split at AND, OR and NOT.
//!
//! Postgres writes the text, and the tree says where it may be split. If the two do not agree, the
//! expression stays whole.

mod text;

use std::ops::Range;

use crate::Expr;

/// A part of an expression with its SQL text.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause<'a> {
    /// The text, which can stand for itself: Postgres puts operators into parentheses.
    pub sql: &'a str,
    /// The bytes of the text within that of the whole expression.
    pub range: Range<usize>,
    /// The expression.
    pub expr: &'a Expr,
    /// The clauses that it consists of.
    pub parts: Parts<'a>,
}

/// The clauses that a clause consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Parts<'a> {
    /// None: it is not split.
    Leaf,
    /// All of them have to be true (`AND`).
    All(Vec<Clause<'a>>),
    /// One of them has to be true (`OR`).
    Any(Vec<Clause<'a>>),
    /// This must not be true (`NOT`).
    Not(Box<Clause<'a>>),
}

impl<'a> Clause<'a> {
    /// Splits an expression and its text.
    ///
    /// The text is that of `pg_get_expr(polqual, polrelid)`, which puts each AND, OR and NOT into
    /// parentheses of its own. Another text is no error, but may stay whole.
    ///
    /// ```
    /// use authguard_policy::{Clause, Expr};
    ///
    /// let expr = Expr::Or(vec![Expr::CaseTest, Expr::Not(Box::new(Expr::CaseTest))]);
    /// let clause = Clause::of(&expr, "((name = 'either OR neither'::text) OR (NOT public))");
    /// let leaves: Vec<_> = clause.leaves().iter().map(|leaf| leaf.sql).collect();
    /// assert_eq!(leaves, ["(name = 'either OR neither'::text)", "public"]);
    /// ```
    pub fn of(expr: &'a Expr, sql: &'a str) -> Self {
        Self::within(sql, 0..sql.len(), expr)
    }

    /// Returns the clauses right below this one.
    pub fn children(&self) -> &[Self] {
        match &self.parts {
            Parts::Leaf => &[],
            Parts::All(clauses) | Parts::Any(clauses) => clauses,
            Parts::Not(clause) => std::slice::from_ref(clause),
        }
    }

    /// Returns the clauses that are not split any further, from left to right.
    pub fn leaves(&self) -> Vec<&Self> {
        let mut left = vec![self];
        let mut leaves = Vec::new();
        while let Some(clause) = left.pop() {
            match clause.children() {
                [] => leaves.push(clause),
                children => left.extend(children.iter().rev()),
            }
        }
        leaves
    }

    /// Returns the bytes of the operator within the text of the whole expression, if the clause is
    /// two values and an operator between them.
    ///
    /// ```
    /// use authguard_policy::{Clause, Expr};
    ///
    /// let clause = Clause::of(&Expr::CaseTest, "((tags -> 'a=b'::text) <> '{}'::jsonb)");
    /// assert_eq!(clause.operator().map(|place| &clause.sql[place]), Some("<>"));
    /// ```
    pub fn operator(&self) -> Option<Range<usize>> {
        let inside = text::operator(self.sql, &(0..self.sql.len()))?;
        let start = self.range.start;
        Some(start.checked_add(inside.start)?..start.checked_add(inside.end)?)
    }

    /// Splits the condition of the sub-select in this clause, if there is one sub-select with a
    /// condition. `whole` is the text of the whole expression.
    pub(crate) fn sub_condition(&self, whole: &'a str) -> Option<Self> {
        let [query] = self.expr.queries()[..] else {
            return None;
        };
        let place = text::sub_condition(whole, &self.range)?;
        Some(Self::within(whole, place, query.condition.as_ref()?))
    }

    fn within(sql: &'a str, range: Range<usize>, expr: &'a Expr) -> Self {
        let range = text::trimmed(sql, range);
        let each = |args: &'a [Expr], texts: Vec<Range<usize>>| {
            let parts = args.iter().zip(texts);
            let parts = parts.map(|(arg, text)| Self::within(sql, text, arg));
            parts.collect()
        };
        let split = |args: &[Expr], word| {
            let texts = text::split(sql, &range, word)?;
            (texts.len() == args.len()).then_some(texts)
        };
        let parts = match expr {
            Expr::And(args) => split(args, "AND").map(|texts| Parts::All(each(args, texts))),
            Expr::Or(args) => split(args, "OR").map(|texts| Parts::Any(each(args, texts))),
            Expr::Not(arg) => text::negated(sql, &range)
                .map(|text| Parts::Not(Box::new(Self::within(sql, text, arg)))),
            _ => None,
        };
        Self {
            sql: sql.get(range.clone()).unwrap_or_default(),
            range,
            expr,
            parts: parts.unwrap_or(Parts::Leaf),
        }
    }
}
