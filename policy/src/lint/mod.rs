//! The engine: what rules are given, and what becomes of their findings.

mod accepted;
mod anonymous;
mod bodies;
mod caller;
pub(crate) mod context;
mod coverage;
mod fingerprint;
mod guards;
mod planted;
mod rows;
pub mod rule;
pub mod rules;
mod takeover;
#[cfg(test)]
pub(crate) mod testing;
mod truth;
mod ways;

use std::fmt;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::server::{Server, ServerError};

pub use accepted::mark_accepted;
pub use caller::Source;
pub use context::{Context, Effective};
pub use coverage::{Covered, coverage};

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The schemas whose objects are judged; `None`: all but Postgres's own. What is in no schema
    /// is judged either way.
    pub schemas: Option<Vec<String>>,
    /// The rules that judge; `None`: all.
    pub rules: Option<Vec<String>>,
}

/// A name in [`Options`] that nothing has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownName {
    /// No schema has it.
    Schema(String),
    /// No rule has it.
    Rule(String),
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(name) => write!(f, "there is no schema \"{name}\""),
            Self::Rule(name) => write!(f, "there is no rule \"{name}\""),
        }
    }
}

impl UnknownName {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Schema(_) => "3F000",
            Self::Rule(_) => "42704",
        }
    }

    /// Returns what to do about it, in a whole sentence.
    pub fn hint(&self, facts: &Facts) -> String {
        let mut names: Vec<&str> = match self {
            Self::Schema(_) => {
                let own = facts.schemas.values().filter(|s| !s.is_system());
                own.map(|s| s.name.as_str()).collect()
            }
            Self::Rule(_) => rules::ALL.iter().map(|rule| rule.name).collect(),
        };
        names.sort_unstable();
        let what = match self {
            Self::Schema(_) => "schemas",
            Self::Rule(_) => "rules",
        };
        format!("The {what} are {}.", names.join(", "))
    }
}

impl std::error::Error for UnknownName {}

/// Judges a database. The findings are in the order of their objects, policies and rules.
///
/// # Errors
///
/// If an option names a schema or rule that does not exist.
pub fn lint(facts: &Facts, options: &Options) -> Result<Vec<Finding>, UnknownName> {
    for name in options.schemas.iter().flatten() {
        if !facts.schemas.values().any(|schema| schema.name == *name) {
            return Err(UnknownName::Schema(name.clone()));
        }
    }
    for name in options.rules.iter().flatten() {
        if !rules::ALL.iter().any(|rule| rule.name == name) {
            return Err(UnknownName::Rule(name.clone()));
        }
    }
    let context = Context::of(facts);
    let mut findings = Vec::new();
    for rule in rules::ALL {
        let asked = options.rules.as_ref();
        if asked.is_none_or(|rules| rules.iter().any(|name| name == rule.name)) {
            (rule.check)(&context, &mut findings);
        }
    }
    findings.retain(|finding| in_scope(finding, options));
    findings.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    findings.dedup_by(|a, b| a.fingerprint == b.fingerprint);
    Ok(findings)
}

/// Judges the database of a server, and marks what is accepted there.
///
/// # Errors
///
/// Whatever the server answers instead; 3F000 and 42704 if an option names a schema or rule that
/// does not exist.
pub fn lint_server(
    server: &mut (impl Server + ?Sized),
    options: &Options,
) -> Result<Vec<Finding>, ServerError> {
    let facts = Facts::read(server).map_err(ServerError::from)?;
    let mut findings = lint(&facts, options).map_err(|unknown| ServerError {
        sqlstate: unknown.sqlstate().to_owned(),
        message: unknown.to_string(),
        detail: None,
        hint: Some(unknown.hint(&facts)),
    })?;
    mark_accepted(server, &mut findings)?;
    Ok(findings)
}

fn in_scope(finding: &Finding, options: &Options) -> bool {
    match (&finding.schema, &options.schemas) {
        (Some(schema), Some(schemas)) => schemas.contains(schema),
        _ => true,
    }
}

fn sort_key(finding: &Finding) -> (&str, Option<&str>, &str, &str) {
    (
        &finding.object,
        finding.policy.as_deref(),
        finding.rule,
        &finding.fingerprint,
    )
}

#[cfg(test)]
mod tests {
    use super::testing::{AUTHENTICATED, Database, boolean, call, eq_uuid, own, select, uid};
    use super::{Options, lint};
    use crate::facts::{Body, Command};
    use crate::{Case, Expr};

    /// Nests a condition so often that two looks at each level would never end.
    fn nested(around: impl Fn(Expr) -> Expr) -> Expr {
        (0..40).fold(eq_uuid(own(2), uid()), |inner, _| around(inner))
    }

    /// `case when condition then … else … end`
    fn case(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
        Expr::Case(Case {
            arg: None,
            whens: vec![(condition, then)],
            otherwise: Some(Box::new(otherwise)),
        })
    }

    #[test]
    fn no_condition_costs_more_than_its_length() {
        let condition = || eq_uuid(own(2), uid());
        for expr in [
            nested(|inner| Expr::Greatest(vec![inner])),
            nested(|inner| case(inner, boolean(true), boolean(false))),
            nested(|inner| case(condition(), inner, boolean(false))),
            nested(|inner| Expr::Coalesce(vec![inner, boolean(false)])),
            nested(|inner| Expr::And(vec![Expr::Or(vec![inner, condition()]), condition()])),
            nested(select),
            Expr::And((0..500).map(|_| condition()).collect()),
        ] {
            let mut db = Database::supabase();
            let notes = db.table("notes", &["id", "owner"]);
            db.policy(notes, "all")
                .to(AUTHENTICATED)
                .using(expr.clone());
            let delete = db.policy(notes, "delete").command(Command::Delete);
            delete.to(AUTHENTICATED).using(expr);
            assert!(lint(&db.facts, &Options::default()).is_ok());
        }
    }

    #[test]
    fn no_number_of_calls_of_helpers_costs_more_than_a_few() {
        let mut db = Database::supabase();
        let mut value = uid();
        for number in 0..8 {
            let body = select(Expr::Coalesce(vec![value; 12]));
            let function = db.function(&format!("f{number}"));
            function.body = Body::Tree(vec![body]);
            value = call(function.oid, Vec::new());
        }
        let notes = db.table("notes", &["id", "owner"]);
        let expr = eq_uuid(own(2), value);
        db.policy(notes, "own").to(AUTHENTICATED).using(expr);
        assert!(lint(&db.facts, &Options::default()).is_ok());
    }
}
