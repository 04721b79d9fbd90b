//! The statement that is asked about, and the policies that it meets.

use super::error::error;
use crate::ServerError;
pub(super) use crate::command::Command as Kind;

/// A statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub action: Action,
    /// True if a condition reads columns of the rows.
    pub has_where: bool,
    /// True if the statement returns the rows.
    pub returning: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Select,
    /// `select … for update`, or another of its locks.
    SelectForUpdate,
    Insert,
    /// `insert … on conflict (the primary key) do update set …`, all columns that are given.
    Upsert,
    Update,
    Delete,
}

/// The policies of one command, applied to one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    /// The command that the policies are for.
    pub of: Kind,
    /// True if WITH CHECK counts, where there is one.
    pub check: bool,
    pub row: Which,
    /// True if a row that does not pass is an error; otherwise it is as if it were not there.
    pub refuses: bool,
}

/// A row of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The row as it is.
    Old,
    /// The row to insert.
    Proposed,
    /// The row after an update.
    New,
}

impl Command {
    /// Reads a command, such as `update returning`.
    pub fn parse(text: Option<&str>) -> Result<Self, ServerError> {
        let text = text.unwrap_or("select");
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        let unknown = || {
            error(
                "22023",
                format!("unknown command: '{text}'"),
                "Use select, \"select for update\", insert, upsert, update or delete. \"without \
                 where\" may follow update and delete, and \"returning\" all that write.",
            )
        };
        let (action, rest) = match words.as_slice() {
            ["select", "for", "update" | "share"]
            | ["select", "for", "no", "key", "update"]
            | ["select", "for", "key", "share"] => (Action::SelectForUpdate, &[][..]),
            ["select", rest @ ..] => (Action::Select, rest),
            ["insert", rest @ ..] => (Action::Insert, rest),
            ["upsert", rest @ ..] => (Action::Upsert, rest),
            ["update", rest @ ..] => (Action::Update, rest),
            ["delete", rest @ ..] => (Action::Delete, rest),
            _ => return Err(unknown()),
        };
        let (without_where, rest) = match rest {
            ["without", "where", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let returning = match rest {
            [] => false,
            ["returning"] => true,
            _ => return Err(unknown()),
        };
        let picks = !matches!(action, Action::Insert | Action::Upsert);
        let writes = !matches!(action, Action::Select | Action::SelectForUpdate);
        if (returning && !writes) || (without_where && !(picks && writes)) {
            return Err(unknown());
        }
        Ok(Self {
            action,
            has_where: picks && !without_where,
            returning,
        })
    }

    /// Returns true if the statement works on rows that are there.
    pub fn picks(self) -> bool {
        !matches!(self.action, Action::Insert | Action::Upsert)
    }

    /// The command whose privilege, triggers and rules count.
    pub fn kind(self) -> Kind {
        match self.action {
            Action::Select | Action::SelectForUpdate => Kind::Select,
            Action::Insert | Action::Upsert => Kind::Insert,
            Action::Update => Kind::Update,
            Action::Delete => Kind::Delete,
        }
    }

    /// The policies that the statement meets, in the order in which Postgres applies them
    /// (get_row_security_policies in src/backend/rewrite/rowsecurity.c). `is_conflict`: the row to
    /// insert is there already.
    pub fn phases(self, is_conflict: bool) -> Vec<Phase> {
        let using = |of, row| Phase {
            of,
            check: false,
            row,
            refuses: row != Which::Old,
        };
        let check = |of, row| Phase {
            of,
            check: true,
            row,
            refuses: true,
        };
        // Whatever reads a column needs the privilege SELECT, and with it the policies of SELECT.
        let reads = self.has_where || self.returning;
        let mut phases = match self.action {
            Action::Select => return vec![using(Kind::Select, Which::Old)],
            Action::SelectForUpdate => vec![using(Kind::Update, Which::Old)],
            Action::Insert | Action::Upsert => vec![check(Kind::Insert, Which::Proposed)],
            Action::Update => vec![using(Kind::Update, Which::Old)],
            Action::Delete => vec![using(Kind::Delete, Which::Old)],
        };
        match self.action {
            Action::Select => {}
            Action::SelectForUpdate => phases.push(using(Kind::Select, Which::Old)),
            Action::Insert => {
                if reads {
                    phases.push(using(Kind::Select, Which::Proposed));
                }
            }
            // The columns of the conflict are read.
            Action::Upsert => {
                phases.push(using(Kind::Select, Which::Proposed));
                if is_conflict {
                    for of in [Kind::Update, Kind::Select] {
                        phases.push(Phase {
                            refuses: true,
                            ..using(of, Which::Old)
                        });
                    }
                    phases.push(check(Kind::Update, Which::New));
                    phases.push(using(Kind::Select, Which::New));
                }
            }
            Action::Update => {
                if reads {
                    phases.push(using(Kind::Select, Which::Old));
                }
                phases.push(check(Kind::Update, Which::New));
                if reads {
                    phases.push(using(Kind::Select, Which::New));
                }
            }
            Action::Delete => {
                if reads {
                    phases.push(using(Kind::Select, Which::Old));
                }
            }
        }
        phases
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Kind, Which};

    /// The phases of a command: policies, row, and whether a row that does not pass is an error.
    fn phases(command: &str, is_conflict: bool) -> Vec<(&'static str, &'static str)> {
        let phases = Command::parse(Some(command)).unwrap().phases(is_conflict);
        let told = phases.into_iter().map(|phase| {
            let row = match (phase.row, phase.refuses) {
                (Which::Old, false) => "hides the row",
                (Which::Old, true) => "refuses the row",
                (Which::Proposed, _) => "refuses the row to insert",
                (Which::New, _) => "refuses the new row",
            };
            (phase.of.as_str(), row)
        });
        told.collect()
    }

    #[test]
    fn what_reads_columns_meets_the_policies_of_select() {
        let update = ("UPDATE", "hides the row");
        let updated = ("UPDATE", "refuses the new row");
        let select = ("SELECT", "hides the row");
        let selected = ("SELECT", "refuses the new row");
        assert_eq!(phases("update", false), [update, select, updated, selected]);
        assert_eq!(phases("update without where", false), [update, updated]);
        assert_eq!(
            phases("update without where returning", false),
            [update, select, updated, selected]
        );
        let delete = ("DELETE", "hides the row");
        assert_eq!(phases("delete", false), [delete, select]);
        assert_eq!(phases("Delete  Without WHERE", false), [delete]);
        let insert = ("INSERT", "refuses the row to insert");
        let inserted = ("SELECT", "refuses the row to insert");
        assert_eq!(phases("insert", false), [insert]);
        assert_eq!(phases("insert returning", false), [insert, inserted]);
        assert_eq!(phases("select", false), [select]);
        assert_eq!(phases("select for share", false), [update, select]);
        // The row of a conflict is not passed over: it is refused.
        assert_eq!(phases("upsert", false), [insert, inserted]);
        assert_eq!(
            phases("upsert", true),
            [
                insert,
                inserted,
                ("UPDATE", "refuses the row"),
                ("SELECT", "refuses the row"),
                updated,
                selected
            ]
        );
    }

    #[test]
    fn what_is_no_command_is_an_error() {
        for command in [
            "",
            "truncate",
            "select returning",
            "insert without where",
            "update where",
            "select for",
        ] {
            let problem = Command::parse(Some(command)).unwrap_err();
            assert_eq!(problem.sqlstate, "22023", "{command}");
        }
        let command = Command::parse(None).unwrap();
        assert_eq!(command.kind(), Kind::Select);
    }
}
