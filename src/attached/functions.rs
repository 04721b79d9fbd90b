//! The functions that the SQL of attached tables calls.

use super::table as tables;
use super::{AttachedKind, Layout, Part, TableProblem, descent, rows};
use crate::invalidation;
use crate::pg::encoding::Utf8;
use crate::pg::lock::{self, Mode};
use crate::schema;
use authguard_token::RevocationReason;
use pgrx::prelude::*;

/// Locks the claims of a user (in canonical form) until the transaction or subtransaction ends: for
/// a change, which others may make at the same time, or for tokens, which wait for changes.
#[pg_extern(sql = false)]
fn authguard_lock_claims(user: Utf8, for_change: bool) {
    let mode = match for_change {
        true => Mode::Writer,
        false => Mode::Reader,
    };
    lock::take(
        schema::objects().table(schema::Table::Attached),
        user.as_bytes(),
        mode,
    );
}

/// The problem of a table whose columns are these parts; no row if there is none.
#[pg_extern(sql = false)]
fn authguard_check_source(
    relation: pg_sys::Oid,
    kind: &str,
    parts: Vec<String>,
    columns: Vec<i16>,
) -> TableIterator<'static, (name!(code, String), name!(problem, Utf8), name!(hint, Utf8))> {
    let parts = parts.iter().map(|part| Part::from_name(part));
    let parts: Vec<_> = parts
        .zip(columns)
        .filter_map(|(part, column)| Some((part?, column)))
        .collect();
    TableIterator::new(problem_of(tables::open(relation, |table| {
        // Storage comes first: no index could fix that.
        descent::check_storage(table)?;
        Layout::check(table, AttachedKind::of_row(kind), &parts).map(|_| ())
    })))
}

/// The problem of an attached table; no row if there is none.
#[pg_extern(sql = false)]
fn authguard_source_problem(
    relation: pg_sys::Oid,
    kind: &str,
) -> TableIterator<'static, (name!(code, String), name!(problem, Utf8), name!(hint, Utf8))> {
    TableIterator::new(problem_of(tables::open(
        relation,
        |table| match descent::read(table, AttachedKind::of_row(kind), None, |_, _| {})? {
            true => Ok(()),
            false => Err(TableProblem::TriggersDisabled),
        },
    )))
}

/// What each attached table has of a user with these names (in canonical form).
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_attached_rows(
    names: Vec<Utf8>,
) -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(kind, &'static str),
        name!(issuer, Option<Utf8>),
        name!(found, i64),
        name!(reason, Option<&'static str>),
    ),
> {
    let names: Vec<_> = names.into_iter().map(|name| name.0).collect();
    let explained = invalidation::until_still(|| rows::explain(&names));
    TableIterator::new(explained.into_iter().map(|it| {
        (
            it.source.relation,
            it.source.kind.as_str(),
            it.source.issuer.map(Utf8),
            it.found,
            it.reason.map(RevocationReason::as_str),
        )
    }))
}

fn problem_of(checked: Option<Result<(), TableProblem>>) -> Option<(String, Utf8, Utf8)> {
    let problem = checked.unwrap_or(Err(TableProblem::Gone)).err()?;
    let report = problem.report();
    Some((
        report.sqlstate(),
        Utf8(report.message.into_owned()),
        Utf8(report.hint.unwrap_or_default().into_owned()),
    ))
}
