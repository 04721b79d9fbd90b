//! The values that clauses were asked about, as far as the caller may read them.

use std::collections::BTreeSet;

use super::evaluate::Values;
use super::facts::{Column, Relation, Texts};
use super::policies::Policy;
use super::step::Outcome;
use super::words;
use crate::clauses::Clause;
use crate::expr::Column as Source;
use crate::{Expr, Operation, Server, ServerError};

/// What may be shown.
pub(super) struct Shown<'q> {
    pub relation: &'q Relation,
    /// The role that asks.
    pub caller: &'q str,
    pub readers: Vec<Reader>,
}

/// A function that policies call.
pub(super) struct Reader {
    oid: u32,
    /// True if it returns the same for a statement: it reads claims, settings or tables.
    is_stable: bool,
    is_volatile: bool,
    /// The call of a stable one, as SQL writes it, if it takes no argument.
    call: Option<String>,
}

const READERS: &str = "
    select p.oid::pg_catalog.text,
           (p.provolatile operator(pg_catalog.=) 's')::pg_catalog.text,
           (p.provolatile operator(pg_catalog.=) 'v')::pg_catalog.text,
           case when p.pronargs operator(pg_catalog.=) 0 and not p.proretset
                     and p.provolatile operator(pg_catalog.=) 's'
                     and p.prokind operator(pg_catalog.=) 'f'
                     and p.prorettype operator(pg_catalog.<>) 'pg_catalog.void'::pg_catalog.regtype
                then pg_catalog.concat(p.oid::pg_catalog.regproc::pg_catalog.text, '()') end
      from pg_catalog.pg_proc p
     where p.oid operator(pg_catalog.=)
           any (pg_catalog.string_to_array($1, ',')::pg_catalog.oid[])
       and p.provolatile operator(pg_catalog.<>) 'i'";

impl Reader {
    /// Returns the functions of policies that are not immutable.
    pub fn of(server: &mut dyn Server, policies: &[Policy]) -> Result<Vec<Self>, ServerError> {
        let functions: BTreeSet<u32> = policies.iter().flat_map(Policy::functions).collect();
        if functions.is_empty() {
            return Ok(Vec::new());
        }
        let list: Vec<String> = functions.iter().map(ToString::to_string).collect();
        let rows = server.query(READERS, &[Some(&list.join(","))])?;
        let reader = |row| {
            let mut texts = Texts::of(row);
            Some(Self {
                oid: texts.next().parse().ok()?,
                is_stable: texts.is_true(),
                is_volatile: texts.is_true(),
                call: texts.optional(),
            })
        };
        Ok(rows.into_iter().filter_map(reader).collect())
    }
}

impl Shown<'_> {
    /// What a clause says, and about which values: "owner = auth.uid() is false, owner is …".
    pub fn sentence(&self, leaf: &Clause<'_>, values: &Values<'_>) -> String {
        let shown = words::expression(leaf.sql);
        let answer = match values.value(leaf.sql) {
            Some(Err(problem)) => format!("{shown} fails: {}", problem.message),
            _ => match values.outcome(leaf.sql) {
                Outcome::Skipped => format!("{shown} was not asked"),
                outcome => format!("{shown} is {}", outcome.as_str()),
            },
        };
        let about = self.values(leaf, values);
        match about.is_empty() {
            true => answer,
            false => format!("{answer}, {about}"),
        }
    }

    /// The expressions whose values tell why a clause says what it says, as SQL reads them: its
    /// columns, and what it compares them with.
    pub fn expressions(&self, clause: &Clause<'_>) -> Vec<String> {
        let columns = self.columns(clause.expr);
        let mut shown: Vec<String> = columns
            .filter(|(_, column)| column.is_readable)
            .map(|(_, column)| column.quoted.clone())
            .collect();
        let mut functions = clause.expr.functions();
        for (side, sql) in sides(clause) {
            if self.is_read(side) {
                shown.push(sql.to_owned());
                let told = side.functions();
                functions.retain(|function| !told.contains(function));
            }
        }
        let readers = self.readers.iter();
        let readers = readers.filter(|reader| functions.contains(&reader.oid));
        shown.extend(readers.filter_map(|reader| reader.call.clone()));
        // An expression that is all of the clause is no news.
        shown.retain(|expression| expression != clause.sql);
        shown
    }

    /// Returns true for an expression without columns that reads claims, settings and the like, and
    /// that may be evaluated once more.
    fn is_read(&self, expr: &Expr) -> bool {
        let functions = expr.functions();
        let calls = || {
            let readers = self.readers.iter();
            readers.filter(|reader| functions.contains(&reader.oid))
        };
        let is_alone = expr.columns().is_empty() && expr.queries().is_empty();
        let is_known = expr.opaque().is_empty() && !calls().any(|reader| reader.is_volatile);
        is_alone && is_known && calls().any(|reader| reader.is_stable)
    }

    fn columns(&self, expr: &Expr) -> impl Iterator<Item = (i16, &Column)> {
        let numbers: BTreeSet<i16> = expr
            .columns()
            .into_iter()
            .filter_map(|column| match column {
                Source::Own { varno: 1, attno } => Some(attno),
                _ => None,
            })
            .collect();
        numbers.into_iter().filter_map(|number| {
            let column = self.relation.column(number)?;
            Some((number, column))
        })
    }

    /// The values of [`Shown::expressions`], and the columns that the caller may not read.
    pub fn values(&self, clause: &Clause<'_>, values: &Values<'_>) -> String {
        let hidden = self.columns(clause.expr);
        let hidden = hidden.filter(|(_, column)| !column.is_readable);
        let hidden = hidden.map(|(_, column)| {
            let (name, caller) = (&column.quoted, self.caller);
            format!("{name} is not shown, because {caller} may not read it")
        });
        let shown = self.expressions(clause);
        let shown = shown.iter().filter_map(|expression| {
            let value = values.value(expression)?.as_ref().ok()?;
            let expression = words::expression(expression);
            Some(words::value(&expression, value.as_deref()))
        });
        shown.chain(hidden).collect::<Vec<_>>().join(", ")
    }
}

/// The two sides of a clause that is an operator, each with its text.
fn sides<'c>(clause: &Clause<'c>) -> Vec<(&'c Expr, &'c str)> {
    let Expr::Operator(Operation { args, .. }) = clause.expr else {
        return Vec::new();
    };
    match (args.as_slice(), words::sides(clause.sql)) {
        ([left, right], Some((left_sql, right_sql))) => {
            vec![(left, left_sql), (right, right_sql)]
        }
        _ => Vec::new(),
    }
}
