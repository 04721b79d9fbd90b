//! `authguard.access_matrix`, `authguard.access_snapshot` and `authguard.access_diff`.

use super::server::with_server;
use crate::pg::encoding::{Json, Utf8};
use authguard_policy::{Identity, ServerError, access_diff, access_matrix, access_snapshot};
use pgrx::prelude::*;

/// The answers for each relation, identity and command.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_access_matrix(
    identities: Option<Json>,
    relations: Option<Vec<Option<pg_sys::Oid>>>,
) -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(identity, Utf8),
        name!(command, &'static str),
        name!(allowed, &'static str),
        name!(visible, Option<i64>),
        name!(note, Option<Utf8>),
    ),
> {
    let relations = relations.map(oids);
    let answers = with_server(|server| {
        let identities = identities_of(identities.as_deref())?;
        access_matrix(server, &identities, relations.as_deref())
    });
    TableIterator::new(answers.into_iter().map(|answer| {
        (
            answer.relation.into(),
            Utf8(answer.identity),
            answer.command.word(),
            answer.allowed.as_str(),
            answer.rows.map(bigint),
            answer.note.map(Utf8),
        )
    }))
}

/// The answers, the rows and the facts behind them.
#[pg_extern(sql = false)]
fn authguard_access_snapshot(
    identities: Option<Json>,
    relations: Option<Vec<Option<pg_sys::Oid>>>,
) -> Json {
    let relations = relations.map(oids);
    let snapshot = with_server(|server| {
        let identities = identities_of(identities.as_deref())?;
        access_snapshot(server, &identities, relations.as_deref())
    });
    Json(snapshot.to_string())
}

/// What differs between two snapshots.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_access_diff(
    before: Option<Json>,
    after: Option<Json>,
) -> TableIterator<
    'static,
    (
        name!(relation, Option<Utf8>),
        name!(identity, Option<Utf8>),
        name!(command, Utf8),
        name!(before, Option<Utf8>),
        name!(after, Option<Utf8>),
    ),
> {
    let text = |snapshot: Option<Json>| snapshot.map_or_else(String::new, |json| json.0);
    let (before, after) = (text(before), text(after));
    let differences = with_server(|_| access_diff(&before, &after));
    TableIterator::new(differences.into_iter().map(|difference| {
        (
            difference.relation.map(Utf8),
            difference.identity.map(Utf8),
            Utf8(difference.command),
            difference.before.map(Utf8),
            difference.after.map(Utf8),
        )
    }))
}

fn identities_of(json: Option<&str>) -> Result<Vec<Identity>, ServerError> {
    Identity::list(json.unwrap_or("null"))
}

fn oids(relations: Vec<Option<pg_sys::Oid>>) -> Vec<u32> {
    let oids = relations.into_iter().flatten();
    oids.map(|oid| oid.to_u32()).collect()
}

/// A count as Postgres has it.
pub fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
