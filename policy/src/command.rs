//! The commands that policies are for.

use std::fmt;

/// A command that policies are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// `SELECT`: rows to see.
    Select,
    /// `INSERT`: rows to add.
    Insert,
    /// `UPDATE`: rows to change.
    Update,
    /// `DELETE`: rows to remove.
    Delete,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];

    /// Returns its name in capitals, which is also that of the privilege.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }

    /// Returns its name in lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Returns the letter in `pg_policy.polcmd`, where `*` is all of them.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Select => "r",
            Self::Insert => "a",
            Self::Update => "w",
            Self::Delete => "d",
        }
    }

    /// Returns the command of this letter; nothing for all of them.
    pub(crate) fn of_letter(letter: char) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|command| command.letter().starts_with(letter))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
