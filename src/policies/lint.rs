//! `authguard.lint`, its reports, and the rows of `authguard.coverage`.

use super::server::with_server;
use crate::pg::encoding::{Json, Name, Utf8};
use crate::pg::shortage;
use authguard_policy::facts::Facts;
use authguard_policy::finding::{Finding, Level};
use authguard_policy::lint::{self, Options};
use authguard_policy::report::{self, Files};
use authguard_policy::{Server, ServerError};
use pgrx::prelude::*;

/// Raises an error if there is too little memory for the facts: about eight times as much as the
/// catalogs have on disk, where long texts are compressed.
fn require_memory(server: &mut dyn Server) -> Result<(), ServerError> {
    const SIZE: &str = "
        select pg_catalog.sum(pg_catalog.pg_table_size(c.oid))::pg_catalog.text
          from pg_catalog.pg_class c
         where c.relnamespace operator(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace
           and c.relkind operator(pg_catalog.=) 'r'
           and c.relname operator(pg_catalog.=) any (array['pg_attribute', 'pg_class', 'pg_policy',
                   'pg_proc', 'pg_rewrite', 'pg_type']::pg_catalog.name[])";
    let rows = server.query(SIZE, &[])?;
    let size = rows.into_iter().flatten().flatten().next();
    let size: usize = size.and_then(|size| size.parse().ok()).unwrap_or_default();
    shortage::require(size.saturating_mul(8));
    Ok(())
}

/// A row for each finding.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_lint(
    schemas: Option<Vec<Option<Name>>>,
    rules: Option<Vec<Option<Utf8>>>,
) -> TableIterator<
    'static,
    (
        name!(rule, &'static str),
        name!(level, &'static str),
        name!(object, Utf8),
        name!(policy, Option<Name>),
        name!(problem, Utf8),
        name!(hint, Utf8),
        name!(evidence, Json),
        name!(page, &'static str),
        name!(fingerprint, String),
        name!(accepted, bool),
    ),
> {
    let options = Options {
        schemas: schemas.map(|names| names.into_iter().flatten().map(|name| name.0).collect()),
        rules: rules.map(|names| names.into_iter().flatten().map(|name| name.0).collect()),
    };
    let findings = with_server(|server| judge(server, &options));
    TableIterator::new(findings.into_iter().map(|finding| {
        (
            finding.rule,
            finding.level.as_str(),
            Utf8(finding.object),
            finding.policy.map(Name),
            Utf8(finding.problem),
            Utf8(finding.hint),
            Json(finding.evidence.to_string()),
            finding.page,
            finding.fingerprint,
            finding.accepted,
        )
    }))
}

fn judge(server: &mut dyn Server, options: &Options) -> Result<Vec<Finding>, ServerError> {
    require_memory(server)?;
    lint::lint_server(server, options)
}

/// The findings of all rules.
fn all(server: &mut dyn Server) -> Result<Vec<Finding>, ServerError> {
    judge(server, &Options::default())
}

/// The findings in the Test Anything Protocol.
#[pg_extern(sql = false)]
fn authguard_lint_tap() -> SetOfIterator<'static, Utf8> {
    let findings = with_server(all);
    SetOfIterator::new(report::tap(&findings, Level::Warning).into_iter().map(Utf8))
}

/// The findings as a SARIF log.
#[pg_extern(sql = false)]
fn authguard_lint_sarif(files: Option<Json>) -> Json {
    let log = with_server(|server| {
        let files = files.as_deref().map_or(Ok(Files::default()), Files::read)?;
        Ok(report::sarif(&all(server)?, &files))
    });
    Json(log.to_string())
}

/// The rows of `authguard.coverage`, in the order of their kinds and objects.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of the row")]
fn authguard_coverage() -> TableIterator<
    'static,
    (
        name!(kind, &'static str),
        name!(object, Utf8),
        name!(guarded, bool),
        name!(problem, Option<Utf8>),
        name!(hint, Option<Utf8>),
        name!(rule, &'static str),
        name!(level, &'static str),
    ),
> {
    let mut rows = with_server(|server| {
        require_memory(server)?;
        Ok(lint::coverage(&Facts::read_without_locks(server)?))
    });
    rows.sort_by(|a, b| (a.kind, &a.object, a.rule).cmp(&(b.kind, &b.object, b.rule)));
    TableIterator::new(rows.into_iter().map(|row| {
        (
            row.kind,
            Utf8(row.object),
            row.guarded,
            row.problem.map(Utf8),
            row.hint.map(Utf8),
            row.rule,
            row.level.as_str(),
        )
    }))
}
