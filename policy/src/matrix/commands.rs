//! The answers for one identity and one relation, command by command.

use super::case::{COUNTER, Case, Tried, count, number};
use super::{Allowed, Answer, MAX_ROWS, insert};
use crate::command::Command;
use crate::server::{Server, ServerError};

/// The error of a sequence that has reached its end.
const AT_ITS_END: &str = "2200H";
/// The error of a column that takes no value but its default.
const IS_GENERATED: &str = "428C9";

impl Case<'_> {
    /// Answers for one command.
    pub fn answer(&self, server: &mut dyn Server, command: Command) -> Result<Answer, ServerError> {
        if let Some(answer) = self.without_rights(command) {
            return Ok(answer);
        }
        let answer = match command {
            Command::Select => self.select(server)?,
            Command::Insert => insert::answer(self, server)?,
            Command::Update | Command::Delete if self.relation.kind == 'f' => {
                Answer::new(Allowed::All, "a foreign table, not tried")
            }
            Command::Update => self.update(server)?,
            Command::Delete => self.delete(server)?,
        };
        Ok(self.explained(answer, command))
    }

    fn select(&self, server: &mut dyn Server) -> Result<Answer, ServerError> {
        let rows = self.relation.rows();
        let rows = self.as_identity(server, |server| count(server, &rows))?;
        let answer = judged(rows, self.all.sampled);
        Ok(match self.relation.kind {
            'r' | 'p' | 'm' if self.relation.is_large() => {
                answer.noted("in a sample of a large table")
            }
            _ => answer,
        })
    }

    fn update(&self, server: &mut dyn Server) -> Result<Answer, ServerError> {
        let mut answer = Answer::none("no column can be changed");
        for column in &self.rights.update {
            let statement = format!("update {} set {column} = default", self.relation.name);
            match self.reach(server, &statement)? {
                // A view does not tell which of its columns are generated in a table.
                Err(error) if error.sqlstate == IS_GENERATED => {}
                reached => {
                    answer = self.reached(reached);
                    break;
                }
            }
        }
        if self.all.has_templates && self.rights.is_subject && self.relation.is_table() {
            answer = insert::checked_update(self, server, answer)?;
        }
        Ok(answer)
    }

    fn delete(&self, server: &mut dyn Server) -> Result<Answer, ServerError> {
        let reached = self.reach(server, &format!("delete from {}", self.relation.name))?;
        let answer = self.reached(reached);
        Ok(if self.rights.truncate {
            answer.noted("TRUNCATE is granted, which policies do not limit")
        } else {
            answer
        })
    }

    /// Counts the rows that a statement reaches.
    fn reach(&self, server: &mut dyn Server, statement: &str) -> Tried<Option<u64>> {
        let counted = counted();
        let statement = if !self.relation.is_large() {
            format!("{statement} where {counted}")
        } else if self.rights.select_all {
            let pages = self.relation.first_pages();
            format!("{statement} where {pages} and {counted}")
        } else {
            return Ok(Ok(None));
        };
        let restart = format!("select pg_catalog.setval('{COUNTER}', 1, false)::pg_catalog.text");
        server.query(&restart, &[])?;
        let done = self.as_identity(server, |server| server.query(&statement, &[]).map(|_| ()))?;
        let reached = format!(
            "select (case when is_called then last_value else 0 end)::pg_catalog.text from {COUNTER}"
        );
        let reached = number(&server.query(&reached, &[])?);
        Ok(match done {
            Err(error) if error.sqlstate != AT_ITS_END => Err(error),
            _ => Ok(Some(reached)),
        })
    }

    fn reached(&self, reached: Result<Option<u64>, ServerError>) -> Answer {
        let answer = match reached {
            Ok(None) => {
                let is_subject = self.rights.is_subject;
                let allowed = if is_subject {
                    Allowed::Some
                } else {
                    Allowed::All
                };
                return Answer::new(allowed, "a large table, not tried");
            }
            Ok(Some(rows)) => Answer::counted(rows, self.all.first),
            Err(error) => Answer::error(&error),
        };
        if self.relation.is_large() {
            answer.noted("in the first pages of a large table")
        } else if !self.rights.select {
            answer.noted("only without WHERE: no privilege SELECT")
        } else {
            answer
        }
    }

    /// Answers without a trial if the command cannot be run at all.
    fn without_rights(&self, command: Command) -> Option<Answer> {
        let rights = self.rights;
        if !rights.schema {
            let schema = &self.relation.schema;
            return Some(Answer::none(&format!("no USAGE on schema {schema}")));
        }
        let (is_granted, bit) = match command {
            Command::Select => (rights.select, 0),
            Command::Insert => (rights.insert, 8),
            Command::Update => (!rights.update.is_empty(), 4),
            Command::Delete => (rights.delete, 16),
        };
        let name = command.as_str();
        if bit != 0 && self.relation.takes & bit == 0 {
            return Some(Answer::none(&format!("takes no {name}")));
        }
        (!is_granted).then(|| Answer::none(&format!("no privilege {name}")))
    }

    /// Adds the reasons that the catalogs know.
    fn explained(&self, mut answer: Answer, command: Command) -> Answer {
        let Self {
            relation, rights, ..
        } = self;
        if answer.allowed == Allowed::Error {
            return answer;
        }
        if relation.is_table() {
            if !relation.has_rls {
                answer = answer.noted("row-level security is not enabled");
            } else if let Some(reason) = &rights.exempt {
                answer = answer.noted(reason);
            } else if !rights.is_admitted(command.letter()) {
                let name = command.as_str();
                answer.allowed = Allowed::None;
                return answer.noted(format!("no permissive policy for {name} applies"));
            }
            if answer.rows == Some(0) && self.all.sampled == Some(0) {
                if rights.is_subject {
                    answer = answer.noted("no rows to try");
                } else {
                    answer.allowed = Allowed::All;
                }
            }
        }
        match self.all.sampled {
            None if relation.is_strange => {
                answer.noted("the caller does not count the rows of another's view")
            }
            None => answer.noted("the caller may not count all rows"),
            Some(_) if relation.is_partly_seen => answer.noted("of the rows that the caller sees"),
            Some(rows) if rows >= MAX_ROWS && !relation.is_table() => {
                answer.noted("of the first rows of many")
            }
            Some(_) => answer,
        }
    }
}

fn judged(rows: Result<u64, ServerError>, all: Option<u64>) -> Answer {
    match rows {
        Err(error) => Answer::error(&error),
        Ok(rows) => Answer::counted(rows, all),
    }
}

/// A condition that no row meets, and that counts the rows that Postgres asks about.
///
/// It has no column, so it leaks none, and Postgres may ask it before the policies: but only if it
/// is cheaper than ten operators (`order_qual_clauses` in src/backend/optimizer/plan/createplan.c).
fn counted() -> String {
    let costly = " operator(pg_catalog.+) 0".repeat(20);
    format!("pg_catalog.nextval('{COUNTER}'::pg_catalog.regclass){costly} operator(pg_catalog.<) 0")
}
