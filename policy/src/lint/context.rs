//! What a rule is given: the facts, who can reach what, and questions that many rules ask.

use std::cell::OnceCell;

use super::caller::{Source, Sources};
use super::guards::Guards;
use super::ways::Book;
use crate::Expr;
use crate::facts::{Client, Command, Facts, Function, Policy, Reach, Relation};

/// What a rule is given.
pub struct Context<'f> {
    /// The facts.
    pub facts: &'f Facts,
    /// Which roles clients can become.
    pub reach: Reach,
    sources: Sources<'f>,
    book: OnceCell<Book<'f>>,
    guards: OnceCell<Guards<'f>>,
}

/// The policies that apply to a client for a command.
#[derive(Clone, Debug, Default)]
pub struct Effective<'f> {
    /// One of these has to pass.
    pub permissive: Vec<&'f Policy>,
    /// All of these have to pass.
    pub restrictive: Vec<&'f Policy>,
}

impl<'f> Context<'f> {
    pub(crate) fn of(facts: &'f Facts) -> Self {
        Self {
            facts,
            reach: Reach::of(facts),
            sources: Sources::of(facts),
            book: OnceCell::new(),
            guards: OnceCell::new(),
        }
    }

    /// Returns the conditions of all policies as ways to be true.
    pub(super) fn book(&self) -> &Book<'f> {
        self.book
            .get_or_init(|| Book::of(self.facts, self.tables()))
    }

    /// Returns what the rules about guards share.
    pub(crate) fn guards(&self) -> &Guards<'f> {
        self.guards
            .get_or_init(|| Guards::of(self.facts, &self.reach))
    }

    /// Returns the tables that rules judge: not Postgres's own, not those of extensions.
    pub fn tables(&self) -> impl Iterator<Item = &'f Relation> {
        let facts = self.facts;
        self.relations()
            .filter(move |relation| relation.is_table() && !facts.is_system(relation.schema))
    }

    /// Returns the tables and views that rules judge.
    pub fn relations(&self) -> impl Iterator<Item = &'f Relation> {
        let facts = self.facts;
        facts.relations.values().filter(move |relation| {
            !facts.is_system(relation.schema)
                && relation.extension.is_none()
                && facts.schema_name(relation.schema) != "authguard"
        })
    }

    /// Returns the functions that rules judge.
    pub fn functions(&self) -> impl Iterator<Item = &'f Function> {
        let facts = self.facts;
        facts.functions.values().filter(move |function| {
            !facts.is_foreign_code(function) && facts.schema_name(function.schema) != "authguard"
        })
    }

    /// Returns the policies that rules judge: those of [`Context::tables`] with row-level security
    /// on that have no node that is not known.
    pub fn policies(&self) -> impl Iterator<Item = &'f Policy> {
        let facts = self.facts;
        facts.policies.iter().filter(move |policy| {
            let relation = facts.relations.get(&policy.relation);
            relation.is_some_and(|relation| {
                relation.rls && relation.extension.is_none() && !facts.is_system(relation.schema)
            }) && policy.opaque().is_empty()
        })
    }

    /// Returns the table of a policy.
    pub fn table_of(&self, policy: &Policy) -> Option<&'f Relation> {
        self.facts.relations.get(&policy.relation)
    }

    /// Returns the ordinary clients that a policy applies to and that may run the command.
    pub fn clients_of<'c>(&'c self, policy: &'c Policy, command: Command) -> Vec<&'c Client> {
        self.reach.of_policy(self.facts, policy, command)
    }

    /// Returns the policies of a table that apply to a client for a command, in the order of their
    /// names. Without row-level security there are none, and none is needed.
    pub fn effective(
        &self,
        relation: &Relation,
        client: &Client,
        command: Command,
    ) -> Effective<'f> {
        let mut effective = Effective::default();
        for policy in self.facts.policies_of(relation.oid) {
            if policy.is_for(command) && client.is_any_of(&policy.roles) {
                if policy.permissive {
                    effective.permissive.push(policy);
                } else {
                    effective.restrictive.push(policy);
                }
            }
        }
        effective
    }

    /// Returns where a value comes from, through casts, `(select …)`, `coalesce` and `nullif`;
    /// nothing if it depends on the row, or is something else.
    pub fn source(&self, expr: &Expr) -> Option<Source> {
        self.sources.source(expr)
    }

    /// Returns true if a value is the caller: the subject of the token, or the role.
    pub fn is_caller(&self, expr: &Expr) -> bool {
        self.source(expr).is_some_and(|source| source.is_caller())
    }

    /// Returns the column, of the expression's own table, that an expression compares with the
    /// caller for equality: `owner = auth.uid()`, either way round.
    pub fn owner_column(&self, expr: &Expr) -> Option<i16> {
        let (column, value) = self.equality(expr)?;
        self.is_caller(value).then_some(column)
    }

    /// Returns the column of the expression's own table, and the value, of `column = value`,
    /// either way round, through casts of the column.
    pub fn equality<'e>(&self, expr: &'e Expr) -> Option<(i16, &'e Expr)> {
        let Expr::Operator(operation) = expr else {
            return None;
        };
        if self.facts.operators.get(&operation.operator)?.name != "=" {
            return None;
        }
        let [left, right] = operation.args.as_slice() else {
            return None;
        };
        match (own_column(left), own_column(right)) {
            (Some(column), None) => Some((column, right)),
            (None, Some(column)) => Some((column, left)),
            _ => None,
        }
    }

    /// Returns the functions of users that an expression calls and that are not known: what they
    /// decide cannot be seen. Readers of claims and functions of extensions are not among them.
    pub fn helpers(&self, expr: &Expr) -> Vec<&'f Function> {
        let facts = self.facts;
        let called = expr.functions().into_iter();
        called
            .filter_map(|oid| facts.functions.get(&oid))
            .filter(|function| !facts.is_foreign_code(function))
            .filter(|function| {
                let readers = facts.server.authguard.as_ref().map(|own| own.readers);
                let schema = facts.schema_name(function.schema);
                schema != "auth" && readers != Some(function.schema)
            })
            .collect()
    }

    /// Returns true if an expression is true whatever the row and the caller.
    pub fn is_true(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Const(constant) => constant.as_bool() == Some(true),
            Expr::And(args) => args.iter().all(|arg| self.is_true(arg)),
            Expr::Or(args) => args.iter().any(|arg| self.is_true(arg)),
            Expr::Not(arg) => self.is_false(arg),
            Expr::Operator(operation) => {
                self.compares_same_constants(&operation.args, operation.operator)
            }
            _ => false,
        }
    }

    /// Returns true if an expression is false or NULL whatever the row and the caller.
    pub fn is_false(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Const(constant) => constant.is_null() || constant.as_bool() == Some(false),
            Expr::And(args) => args.iter().any(|arg| self.is_false(arg)),
            Expr::Or(args) => args.iter().all(|arg| self.is_false(arg)),
            Expr::Not(arg) => self.is_true(arg),
            _ => false,
        }
    }

    /// `1 = 1`
    fn compares_same_constants(&self, args: &[Expr], operator: u32) -> bool {
        let operator = self.facts.operators.get(&operator);
        match args {
            [Expr::Const(left), Expr::Const(right)] => {
                left == right && !left.is_null() && operator.is_some_and(|o| o.name == "=")
            }
            _ => false,
        }
    }
}

/// Returns the column of the expression's own table that an expression is, through casts.
pub(crate) fn own_column(expr: &Expr) -> Option<i16> {
    let mut expr = expr;
    loop {
        match expr {
            Expr::Cast { arg, .. } | Expr::Collate(arg) => expr = arg,
            Expr::Var(var) if var.levels_up == 0 && var.varno == 1 => return Some(var.attno),
            _ => return None,
        }
    }
}
