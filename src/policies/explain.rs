//! `authguard.explain_access` and `authguard.can`.

use super::server::with_server;
use crate::pg::encoding::{Json, Name, Utf8};
use authguard_policy::{Request, can, explain};
use pgrx::prelude::*;

/// The gates that a request meets, one row each, the verdict last.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_explain_access(
    relation: Option<pg_sys::Oid>,
    command: Option<Utf8>,
    row: Option<Json>,
    claims: Option<Json>,
    role: Option<Name>,
    new_row: Option<Json>,
) -> TableIterator<
    'static,
    (
        name!(step, i32),
        name!(gate, &'static str),
        name!(name, Option<Utf8>),
        name!(clause, Option<Utf8>),
        name!(result, &'static str),
        name!(note, Option<Utf8>),
    ),
> {
    let relation = relation.map(|oid| oid.to_u32().to_string());
    let request = Request {
        relation: relation.as_deref(),
        command: command.as_deref(),
        row: row.as_deref(),
        claims: claims.as_deref(),
        role: role.as_deref(),
        new_row: new_row.as_deref(),
    };
    let steps = with_server(|server| explain(server, &request));
    TableIterator::new((1..).zip(steps).map(|(number, step)| {
        (
            number,
            step.gate.as_str(),
            step.name.map(Utf8),
            step.clause.map(Utf8),
            step.result.as_str(),
            step.note.map(Utf8),
        )
    }))
}

/// True if the statement that the arguments describe would do what it says.
#[pg_extern(sql = false)]
fn authguard_can(
    command: Option<Utf8>,
    relation: Option<pg_sys::Oid>,
    row: Option<Json>,
    claims: Option<Json>,
    role: Option<Name>,
    new_row: Option<Json>,
) -> bool {
    let relation = relation.map(|oid| oid.to_u32().to_string());
    let request = Request {
        relation: relation.as_deref(),
        command: command.as_deref(),
        row: row.as_deref(),
        claims: claims.as_deref(),
        role: role.as_deref(),
        new_row: new_row.as_deref(),
    };
    with_server(|server| can(server, &request))
}
