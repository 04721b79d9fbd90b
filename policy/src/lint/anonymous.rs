//! Requests without a token: which roles they run as, and what the readers of claims answer them.

use super::caller::Source;
use super::context::Context;
use super::truth::{Logic, Truth};
use crate::Expr;
use crate::facts::{Client, Command, Function, Policy, Relation, Volatility};

/// Claims that a request without a user has, too: a gateway sets the role, and a key of an
/// application is a token of its own.
const CLAIMS_WITHOUT_USER: &[&str] = &["role", "iss", "aud", "iat", "exp", "ref"];

impl Context<'_> {
    /// Returns true if requests without a token run as this role: roles with `anon` in their name,
    /// or all clients if there is no such role.
    pub(super) fn is_anonymous(&self, client: &Client) -> bool {
        let named = |role: u32| {
            let role = self.facts.roles.get(&role);
            role.is_some_and(|role| role.name.to_lowercase().contains("anon"))
        };
        named(client.role) || !self.reach.clients().any(|other| named(other.role))
    }

    /// Returns the clients without a token that a policy applies to and that may run the command.
    pub(super) fn anonymous_of<'c>(
        &'c self,
        policy: &'c Policy,
        command: Command,
    ) -> Vec<&'c Client> {
        let mut clients = self.clients_of(policy, command);
        clients.retain(|client| self.is_anonymous(client));
        clients
    }

    /// Returns what a part of an expression is for a request without a token, if that is known.
    pub(super) fn without_token(&self, expr: &Expr) -> Option<Truth> {
        if let Expr::Call(call) = expr
            && let Some(function) = self.facts.functions.get(&call.function)
        {
            let readers = self.facts.server.authguard.as_ref().map(|own| own.readers);
            let is_reader = readers == Some(function.schema);
            match function.name.as_str() {
                "is_active" | "is_user" | "is_revoked" if is_reader => return Some(Truth::FALSE),
                _ => {}
            }
        }
        match self.source(expr)? {
            Source::Subject => Some(Truth::NULL),
            Source::Claim(path) => {
                let first = path.first()?;
                let is_of_user = !CLAIMS_WITHOUT_USER.contains(&first.as_str());
                is_of_user.then_some(Truth::NULL)
            }
            Source::Setting(_) | Source::DatabaseRole | Source::Helper(_) => None,
        }
    }

    /// Returns what an expression can come to for a request without a token.
    pub(super) fn truth_without_token(&self, expr: &Expr) -> Truth {
        Logic::new(self.facts, &|part| self.without_token(part)).of(expr)
    }

    /// Returns what an expression can come to.
    pub(super) fn truth(&self, expr: &Expr) -> Truth {
        Logic::new(self.facts, &|_| None).of(expr)
    }

    /// Returns true if an expression asks about nothing but the row and constants, so that it is
    /// the same for every request without a token. That it asks for the role of these is the same,
    /// too.
    pub(super) fn is_about_row_alone(&self, expr: &Expr) -> bool {
        let mut conditions = expr.conjuncts().into_iter();
        conditions.all(|condition| {
            self.asks_for_anonymous(condition)
                || !self
                    .helpers(condition)
                    .iter()
                    .any(|helper| self.may_ask(helper))
                    && !condition.parts().any(|part| {
                        matches!(part, Expr::SubLink(_) | Expr::SqlValue(9..=12))
                            || self.source(part).is_some()
                            || self.without_token(part).is_some()
                    })
        })
    }

    /// `auth.role() = 'anon'`
    fn asks_for_anonymous(&self, condition: &Expr) -> bool {
        let Expr::Operator(operation) = condition else {
            return false;
        };
        let is_equality = self.facts.operators.get(&operation.operator);
        let role = Source::Claim(vec!["role".to_owned()]);
        let is_role = |arg: &Expr| {
            let source = self.source(arg);
            source.as_ref() == Some(&role) || source == Some(Source::DatabaseRole)
        };
        let is_anonymous = |arg: &Expr| {
            let text = self.facts.text_of(arg);
            text.is_some_and(|text| text.to_lowercase().contains("anon"))
        };
        is_equality.is_some_and(|operator| operator.name == "=")
            && operation.args.iter().any(is_role)
            && operation.args.iter().any(is_anonymous)
    }

    /// Returns true if a function may ask who the caller is: not if it is immutable, or one of the
    /// functions about names of files of Supabase's storage service.
    fn may_ask(&self, function: &Function) -> bool {
        function.volatility != Volatility::Immutable
            && self.facts.schema_name(function.schema) != "storage"
    }

    /// Returns true if the restrictive policies of a table let each row pass, or ask about the row
    /// alone, if there is no token.
    pub(super) fn is_unrestricted(
        &self,
        relation: &Relation,
        client: &Client,
        command: Command,
    ) -> bool {
        let restrictive = self.effective(relation, client, command).restrictive;
        restrictive.into_iter().all(|policy| {
            let exprs = [policy.using(command), policy.checks(command)];
            exprs.into_iter().flatten().all(|expr| {
                let truth = self.truth_without_token(expr);
                truth.is_true() || truth.may_be_true && self.is_about_row_alone(expr)
            })
        })
    }
}
