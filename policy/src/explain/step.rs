//! The rows of an answer.

/// One gate, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The kind of gate.
    pub gate: Gate,
    /// What it is about: a schema, table, policy or role.
    pub name: Option<String>,
    /// The privilege that is needed, or the expression.
    pub clause: Option<String>,
    /// The answer.
    pub result: Outcome,
    /// More about the answer, in words.
    pub note: Option<String>,
}

/// A kind of gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The use of the schema.
    Schema,
    /// The privileges on a table, and on its columns.
    Grant,
    /// Whether policies apply.
    RowSecurity,
    /// A restrictive policy, which has to pass.
    Restrictive,
    /// A permissive policy. One of them has to pass.
    Permissive,
    /// A part of a policy's expression.
    Clause,
    /// What a view reads, or that the statement was tried.
    View,
    /// The statement itself, run and rolled back.
    Statement,
    /// The last row.
    Verdict,
}

impl Gate {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Grant => "grant",
            Self::RowSecurity => "row security",
            Self::Restrictive => "restrictive",
            Self::Permissive => "permissive",
            Self::Clause => "clause",
            Self::View => "view",
            Self::Statement => "statement",
            Self::Verdict => "verdict",
        }
    }
}

/// An answer of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It lets the row pass.
    True,
    /// It does not.
    False,
    /// It does not, because it is neither.
    Null,
    /// It fails, and with it the statement.
    Error,
    /// It was not asked.
    Skipped,
    /// The verdict: the statement does what it says.
    Allowed,
    /// The verdict: it does not.
    Denied,
}

impl Outcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Null => "null",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Allowed => "allowed",
            Self::Denied => "denied",
        }
    }
}

impl Outcome {
    /// The answer of a gate that is open or closed.
    pub(super) fn of(passes: bool) -> Self {
        if passes { Self::True } else { Self::False }
    }
}
