//! A session in one transaction, which is rolled back at the end.

use crate::connect::{self, Address};
use crate::error::{Error, Result, server_error};
use crate::progress::{Progress, Step};
use authguard_policy::{Row, ScriptServer, Server, ServerError};
use postgres::types::{ToSql, Type};
use postgres::{Client, SimpleQueryMessage};

/// The oldest version that can be read.
const OLDEST: u32 = 140_000;

/// What the transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Catalogs are read, and nothing can be written.
    ReadOnly,
    /// Something is tried, and undone.
    Trial,
}

/// An open session.
pub struct Session {
    client: Client,
    progress: Progress,
    ended: Option<ServerError>,
}

/// The name of every savepoint: Postgres takes the last one of a name.
const SAVEPOINT: &str = "authguard";

/// Limits for a transaction in which something is tried or read, unless the role or the database
/// has its own. If this program ends, the server notices within a second. Scripts are split into
/// statements by the rules of the standard, so the server has to read them by the same.
const LIMITS: &str = "
select pg_catalog.set_config('standard_conforming_strings', 'on', true);
select pg_catalog.set_config('lock_timeout', '5s', true)
 where pg_catalog.current_setting('lock_timeout') operator(pg_catalog.=) '0';
select pg_catalog.set_config('statement_timeout', '60s', true)
 where pg_catalog.current_setting('statement_timeout') operator(pg_catalog.=) '0';
select pg_catalog.set_config('client_connection_check_interval', '1s', true)
 where pg_catalog.version() operator(pg_catalog.~) 'linux'";

impl Session {
    /// Connects, and begins the transaction. `what` is shown while it takes long.
    pub fn open(address: &Address, access: Access, what: &str) -> Result<Self> {
        let mut client = connect::connect(address)?;
        let begin = match access {
            Access::ReadOnly => "begin isolation level repeatable read read only",
            Access::Trial => "begin",
        };
        let failed = |error: postgres::Error| Error::from(server_error(&error));
        client.batch_execute(begin).map_err(failed)?;
        let mut session = Self {
            client,
            progress: Progress::of(what),
            ended: None,
        };
        let version = "select pg_catalog.current_setting('server_version_num')";
        let version = session.value(version, &[])?;
        let version = version.and_then(|version| version.parse().ok());
        if version.is_none_or(|version: u32| version < OLDEST) {
            return Err(Error::new("the server is older than Postgres 14")
                .hint("Policies can be read on Postgres 14 to 18."));
        }
        session.client.batch_execute(LIMITS).map_err(failed)?;
        Ok(session)
    }

    /// Returns the only value of a query.
    pub fn value(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<Option<String>> {
        let rows = self.query(sql, parameters)?;
        Ok(rows
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next().flatten()))
    }

    /// Returns where to say what is being done, for the line that is shown if it takes long.
    pub fn step(&self) -> Step {
        self.progress.step()
    }

    /// Returns a result that was asked of this session, unless the session has ended meanwhile:
    /// what was asked afterwards has no answer.
    pub fn finished<T>(&self, result: std::result::Result<T, ServerError>) -> Result<T> {
        match &self.ended {
            Some(error) => Err(Error::from(error.clone())),
            None => result.map_err(Error::from),
        }
    }

    /// Remembers an error that ends everything: the end of the session (classes 57P and 08), or a
    /// cancelled statement (57014) if it is not one of somebody's own.
    fn failed(&mut self, error: &postgres::Error, cancel_ends: bool) -> ServerError {
        let error = server_error(error);
        let is_end = |class: &&str| error.sqlstate.starts_with(class);
        if ["57P", "08"].iter().any(is_end) || (cancel_ends && error.sqlstate == "57014") {
            self.ended = Some(error.clone());
        }
        error
    }
}

impl Server for Session {
    fn query(
        &mut self,
        sql: &str,
        parameters: &[Option<&str>],
    ) -> std::result::Result<Vec<Row>, ServerError> {
        self.progress.tick();
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = parameters
            .iter()
            .map(|parameter| (parameter as &(dyn ToSql + Sync), Type::TEXT))
            .collect();
        let rows = self.client.query_typed(sql, &parameters);
        let rows = rows.map_err(|error| self.failed(&error, true))?;
        let texts = rows.iter().map(|row| {
            let columns = 0..row.len();
            columns
                .map(|at| row.try_get(at).map_err(|error| server_error(&error)))
                .collect()
        });
        texts.collect()
    }

    fn begin(&mut self) -> std::result::Result<(), ServerError> {
        self.run(&format!("savepoint {SAVEPOINT}")).map(|_| ())
    }

    fn roll_back(&mut self) -> std::result::Result<(), ServerError> {
        self.run(&format!(
            "rollback to savepoint {SAVEPOINT}; release savepoint {SAVEPOINT}"
        ))
        .map(|_| ())
    }
}

impl ScriptServer for Session {
    fn run(&mut self, sql: &str) -> std::result::Result<Vec<Row>, ServerError> {
        self.progress.tick();
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let messages = self.client.simple_query(sql);
        let messages = messages.map_err(|error| self.failed(&error, false))?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let texts = rows.map(|row| {
            let columns = 0..row.len();
            columns
                .map(|at| match row.try_get(at) {
                    Ok(text) => Ok(text.map(str::to_owned)),
                    Err(error) => Err(server_error(&error)),
                })
                .collect()
        });
        texts.collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Behind a pooler, the server's session outlives this one.
        let _ = self.client.batch_execute("rollback");
    }
}
