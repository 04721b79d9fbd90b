//! Findings: what a rule says about an object.

use std::fmt;

use serde_json::Value;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing to do, or something to know.
    Info,
    /// Somebody should look at it.
    Warning,
    /// Rows are open to the wrong people, or no client gets an answer.
    Error,
}

impl Level {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a rule says about an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What the object is, as `table` or `function`.
    pub kind: &'static str,
    /// The object's name as SQL spells it, with its schema.
    pub object: String,
    /// The name of the object's schema, not quoted, if it has one.
    pub schema: Option<String>,
    /// The name of the policy, not quoted.
    pub policy: Option<String>,
    /// What is wrong, in a sentence without a full stop.
    pub problem: String,
    /// The SQL that mends it, or a sentence if there is no safe SQL.
    pub hint: String,
    /// What the finding is based on: names of roles, columns, other objects.
    pub evidence: Value,
    /// The page about the rule.
    pub page: &'static str,
    /// What identifies the finding, whatever OIDs things have.
    pub fingerprint: String,
    /// True if somebody has accepted it.
    pub accepted: bool,
    /// The reason that was given for it.
    pub reason: Option<String>,
}
