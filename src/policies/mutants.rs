//! `authguard.policy_mutants`.

use super::server::with_server;
use crate::pg::encoding::{Name, Utf8};
use authguard_policy::policy_mutants;
use pgrx::prelude::*;

/// A row for each mistake.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_policy_mutants(
    schema: Option<Name>,
) -> TableIterator<
    'static,
    (
        name!(mutant, i32),
        name!(relation, pg_sys::Oid),
        name!(policy, Option<Name>),
        name!(mutation, Utf8),
        name!(apply, Utf8),
        name!(undo, Utf8),
    ),
> {
    let schema = schema.as_deref().unwrap_or_default();
    let mutants = with_server(|server| policy_mutants(server, schema));
    TableIterator::new((1..).zip(mutants).map(|(number, mutant)| {
        (
            number,
            mutant.relation.into(),
            mutant.policy.map(Name),
            Utf8(mutant.mutation),
            Utf8(mutant.apply.join("; ")),
            Utf8(mutant.undo.join("; ")),
        )
    }))
}
