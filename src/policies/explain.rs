//! `authguard.explain_access` and `authguard.can`.

use super::server::with_server;
use crate::pg::encoding::{Json, Name, Utf8};
use authguard_policy::{Request, Server, ServerError, can, explain};
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
    let objects = [&row, &claims, &new_row].map(Option::as_deref);
    let steps = ask(
        explain,
        relation,
        command.as_deref(),
        objects,
        role.as_deref(),
    );
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
    let objects = [&row, &claims, &new_row].map(Option::as_deref);
    ask(can, relation, command.as_deref(), objects, role.as_deref())
}

/// Asks about the statement that the arguments of both functions describe.
fn ask<R>(
    of: fn(&mut dyn Server, &Request<'_>) -> Result<R, ServerError>,
    relation: Option<pg_sys::Oid>,
    command: Option<&str>,
    [row, claims, new_row]: [Option<&str>; 3],
    role: Option<&str>,
) -> R {
    let relation = relation.map(|oid| oid.to_u32().to_string());
    let request = Request {
        relation: relation.as_deref(),
        command,
        row,
        claims,
        role,
        new_row,
    };
    with_server(|server| of(server, &request))
}
