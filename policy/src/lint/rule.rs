//! What a rule is, and the findings that it makes.

use serde_json::{Value, json};

use super::context::Context;
use super::fingerprint::Fingerprint;
use crate::Expr;
use crate::facts::{Facts, Function, Policy, Relation};
use crate::finding::{Finding, Level};

/// A rule.
pub struct Rule {
    /// Its name, as `rls_disabled`. It never changes.
    pub name: &'static str,
    /// The level of its findings, if these do not say another one.
    pub level: Level,
    /// The page about it.
    pub page: &'static str,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// The numbers or names of the rules of other linters that mean the same, as `splinter 0013`.
    pub also: &'static [&'static str],
    /// Adds its findings.
    pub check: fn(&Context<'_>, &mut Vec<Finding>),
}

/// A finding in the making. What is left out is empty.
#[must_use]
pub struct Draft {
    finding: Finding,
    fingerprint: Fingerprint,
}

impl Draft {
    fn of(rule: &Rule, kind: &'static str, object: String, schema: Option<String>) -> Self {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(rule.name);
        fingerprint.add(kind);
        fingerprint.add(&object);
        Self {
            finding: Finding {
                rule: rule.name,
                level: rule.level,
                kind,
                object,
                schema,
                policy: None,
                problem: String::new(),
                hint: String::new(),
                evidence: json!({}),
                page: rule.page,
                fingerprint: String::new(),
                accepted: false,
                reason: None,
            },
            fingerprint,
        }
    }

    /// Begins a finding about a relation.
    pub fn relation(rule: &Rule, facts: &Facts, relation: &Relation) -> Self {
        let schema = facts.schema_name(relation.schema).to_owned();
        let name = facts.relation_name(relation.oid);
        Self::of(rule, relation.kind.as_str(), name, Some(schema))
    }

    /// Begins a finding about a policy: its table is the object. All that the policy says is part
    /// of the fingerprint, so a change of it is another finding.
    pub fn policy(rule: &Rule, facts: &Facts, policy: &Policy) -> Self {
        let schema = facts.relations.get(&policy.relation).map(|r| r.schema);
        let schema = schema.map(|schema| facts.schema_name(schema).to_owned());
        let name = facts.relation_name(policy.relation);
        let mut draft = Self::of(rule, "table", name, schema);
        draft.fingerprint.add(&policy.name);
        draft.fingerprint.add(policy.command_name());
        let kind = if policy.permissive {
            "permissive"
        } else {
            "restrictive"
        };
        draft.fingerprint.add(kind);
        let roles = facts.role_names(policy.roles.iter().copied());
        draft.fingerprint.add(&roles);
        for expr in [&policy.qual, &policy.check] {
            draft
                .fingerprint
                .add_expr(facts, policy.relation, expr.as_ref());
        }
        for details in &policy.details {
            draft.fingerprint.add(&details.named(facts));
        }
        draft.finding.policy = Some(policy.name.clone());
        draft
    }

    /// Begins a finding about a function.
    pub fn function(rule: &Rule, facts: &Facts, function: &Function) -> Self {
        let schema = facts.schema_name(function.schema).to_owned();
        let name = facts.function_name(function.oid);
        Self::of(rule, "function", name, Some(schema))
    }

    /// Begins a finding about something that is in no schema: a role, a setting, the database.
    pub fn other(rule: &Rule, kind: &'static str, object: String) -> Self {
        Self::of(rule, kind, object, None)
    }

    /// Says what the object is, if that is not what it is made as: a table may be a partition.
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.finding.kind = kind;
        self
    }

    /// Says which schema the object belongs to.
    pub fn schema(mut self, schema: &str) -> Self {
        self.finding.schema = Some(schema.to_owned());
        self
    }

    /// Sets the level, if it is not the rule's own.
    pub fn level(mut self, level: Level) -> Self {
        self.finding.level = level;
        self
    }

    /// Says what is wrong: lower case, no full stop.
    pub fn problem(mut self, problem: impl Into<String>) -> Self {
        self.finding.problem = problem.into();
        self
    }

    /// Says how to mend it: SQL that makes nothing less safe when it is pasted, or a whole
    /// sentence.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.finding.hint = hint.into();
        self
    }

    /// Says what the finding is based on, as a JSON object. It is not part of the fingerprint.
    pub fn evidence(mut self, evidence: Value) -> Self {
        self.finding.evidence = evidence;
        self
    }

    /// Adds a text that tells this finding from others of the rule about the same object, such as
    /// the name of a column.
    pub fn told_apart_by(mut self, text: &str) -> Self {
        self.fingerprint.add(text);
        self
    }

    /// Adds an expression that tells this finding from others of the rule about the same object.
    pub fn told_apart_by_expr(mut self, facts: &Facts, relation: u32, expr: &Expr) -> Self {
        self.fingerprint.add_expr(facts, relation, Some(expr));
        self
    }

    /// Ends the finding.
    pub fn done(self) -> Finding {
        let mut finding = self.finding;
        finding.fingerprint = self.fingerprint.done();
        finding
    }
}
