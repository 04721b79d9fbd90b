//! Tools that ask a server, with a server made of closures.

mod diff;
mod identities;
mod mutants;
mod suites;

use authguard_policy::{Row, ScriptServer, Server, ServerError};

/// A server that answers what a closure says, and remembers what it was asked.
pub struct Fake<F> {
    pub answer: F,
    pub log: Vec<String>,
}

impl<F: FnMut(&str) -> Result<Vec<Row>, ServerError>> Fake<F> {
    pub fn new(answer: F) -> Self {
        Self {
            answer,
            log: Vec::new(),
        }
    }
}

impl<F: FnMut(&str) -> Result<Vec<Row>, ServerError>> Server for Fake<F> {
    fn query(&mut self, sql: &str, _: &[Option<&str>]) -> Result<Vec<Row>, ServerError> {
        self.log.push(sql.to_owned());
        (self.answer)(sql)
    }

    fn begin(&mut self) -> Result<(), ServerError> {
        self.log.push("BEGIN".to_owned());
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), ServerError> {
        self.log.push("ROLL BACK".to_owned());
        Ok(())
    }
}

impl<F: FnMut(&str) -> Result<Vec<Row>, ServerError>> ScriptServer for Fake<F> {
    fn run(&mut self, sql: &str) -> Result<Vec<Row>, ServerError> {
        self.query(sql, &[])
    }
}

/// Rows of one column.
pub fn column(values: &[&str]) -> Vec<Row> {
    let row = |value: &&str| vec![Some((*value).to_owned())];
    values.iter().map(row).collect()
}

pub fn error(sqlstate: &str, message: &str) -> ServerError {
    ServerError {
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
        detail: None,
        hint: None,
    }
}
