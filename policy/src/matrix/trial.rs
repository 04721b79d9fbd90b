//! The trials: one for each relation, identity and command, in a subtransaction of its own.

use super::case::{All, COUNTER, Case, attempt, count, value};
use super::relations::{Relation, Rights};
use super::{Access, MAX_ROWS, insert};
use crate::command::Command;
use crate::identity::Identity;
use crate::server::{Server, ServerError};
use crate::trust::RowReader;

/// Something to ask after an answer.
pub(crate) type More<'m> =
    dyn FnMut(&mut dyn Server, &Case<'_>, &Access) -> Result<(), ServerError> + 'm;

/// A series of trials.
pub(crate) struct Trial<'i> {
    identities: &'i [Identity],
    search_path: String,
}

impl<'i> Trial<'i> {
    /// Begins the subtransaction that the caller rolls back, if this succeeds.
    pub(crate) fn open(
        server: &mut dyn Server,
        identities: &'i [Identity],
    ) -> Result<Self, ServerError> {
        server.begin()?;
        let prepared = Self::prepare(server, identities);
        if prepared.is_err() {
            server.roll_back()?;
        }
        prepared
    }

    fn prepare(server: &mut dyn Server, identities: &'i [Identity]) -> Result<Self, ServerError> {
        let path = "select pg_catalog.current_setting('search_path'),
                           pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";
        let search_path = value(&server.query(path, &[])?).unwrap_or_default();
        for identity in identities {
            attempt(server, |server| identity.assume(server))??;
        }
        for sql in [
            format!("create temporary sequence {COUNTER} maxvalue {MAX_ROWS}"),
            format!("grant usage on sequence {COUNTER} to public"),
        ] {
            server.query(&sql, &[])?;
        }
        Ok(Self {
            identities,
            search_path,
        })
    }

    /// Tries everything on these relations. `more` may ask for more about each answer.
    pub(crate) fn all(
        &self,
        server: &mut dyn Server,
        relations: &[Relation],
        more: &mut More<'_>,
    ) -> Result<Vec<Access>, ServerError> {
        let mut matrix = Vec::new();
        for relation in relations {
            let answers = attempt(server, |server| self.relation(server, relation, more))??;
            matrix.extend(answers);
        }
        Ok(matrix)
    }

    fn relation(
        &self,
        server: &mut dyn Server,
        relation: &Relation,
        more: &mut More<'_>,
    ) -> Result<Vec<Access>, ServerError> {
        let rights = self
            .identities
            .iter()
            .map(|identity| Rights::of(server, relation, &identity.role));
        let rights = rights.collect::<Result<Vec<_>, _>>()?;
        let all = count_all(server, relation, &rights)?;
        let mut answers = Vec::new();
        for (identity, rights) in self.identities.iter().zip(&rights) {
            let case = Case {
                relation,
                identity,
                rights,
                all: &all,
                search_path: &self.search_path,
            };
            for command in Command::ALL {
                let answer = case.answer(server, command)?;
                let access = Access {
                    relation: relation.oid,
                    name: relation.name.clone(),
                    identity: identity.name.clone(),
                    command,
                    allowed: answer.allowed,
                    rows: answer.rows,
                    note: (!answer.notes.is_empty()).then(|| answer.notes.join("; ")),
                };
                more(server, &case, &access)?;
                answers.push(access);
            }
        }
        Ok(answers)
    }
}

/// Counts all rows, and keeps some, as far as anybody has the rights to ask for them.
fn count_all(
    server: &mut dyn Server,
    relation: &Relation,
    rights: &[Rights],
) -> Result<All, ServerError> {
    if relation.is_strange || !rights.iter().any(Rights::has_any) {
        return Ok(All {
            sampled: None,
            first: None,
            has_templates: false,
        });
    }
    let is_written = rights.iter().any(Rights::may_write_rows);
    let reader = RowReader::of(server, &relation.oid.to_string())?;
    let mut counted = |rows: &str| {
        let count = attempt(server, |server| {
            reader.read(server, |server| count(server, rows))
        })?;
        Ok::<_, ServerError>(count.ok().flatten())
    };
    let sampled = counted(&relation.rows())?;
    let first = if relation.is_large() && relation.is_table() {
        let pages = relation.first_pages();
        counted(&format!("select from {} where {pages}", relation.name))?
    } else {
        sampled
    };
    // What is kept is kept by the caller.
    let is_kept = is_written && sampled.is_some() && reader == RowReader::Caller;
    Ok(All {
        sampled,
        first,
        has_templates: is_kept && insert::keep_templates(server, relation)?,
    })
}
