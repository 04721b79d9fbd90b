//! `authguard.policy_coverage_start`, `authguard.policy_coverage` and its share in percent.

use super::matrix::bigint;
use super::server::with_server;
use crate::error::Error;
use crate::pg::encoding::{Name, Utf8};
use crate::pg::transaction;
use authguard_policy::{Answers, covered_percent, read_coverage, start_coverage};
use pgrx::prelude::*;

/// Counts until the transaction is rolled back.
#[pg_extern(sql = false)]
fn authguard_policy_coverage_start(schemas: Option<Vec<Option<Name>>>) {
    if !transaction::in_block() {
        Error::CoverageNoTransactionBlock.raise();
    }
    let schemas: Option<Vec<String>> =
        schemas.map(|names| names.into_iter().flatten().map(|name| name.0).collect());
    with_server(|server| start_coverage(server, schemas.as_deref()));
}

/// A row for each clause.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_policy_coverage() -> TableIterator<
    'static,
    (
        name!(relation, pg_sys::Oid),
        name!(policy, Name),
        name!(clause, Utf8),
        name!(admitted, Option<i64>),
        name!(refused, Option<i64>),
        name!(nulls, Option<i64>),
        name!(errors, Option<i64>),
    ),
> {
    let counts = with_server(read_coverage);
    TableIterator::new(counts.into_iter().map(|count| {
        let number = |of: fn(Answers) -> u64| count.answers.map(of).map(bigint);
        let numbers = [
            number(|answers| answers.admitted),
            number(|answers| answers.refused),
            number(|answers| answers.nulls),
            number(|answers| answers.errors),
        ];
        let [admitted, refused, nulls, errors] = numbers;
        (
            count.relation.into(),
            Name(count.policy),
            Utf8(count.clause),
            admitted,
            refused,
            nulls,
            errors,
        )
    }))
}

/// The share of the clauses that have admitted and refused.
#[pg_extern(sql = false)]
fn authguard_policy_coverage_percent() -> f64 {
    covered_percent(&with_server(read_coverage))
}
