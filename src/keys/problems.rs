//! The problems of settings, for `authguard.coverage()`.

use crate::pg::encoding::Utf8;
use crate::request;
use crate::settings::{self, Problem};
use pgrx::prelude::*;

/// The words and names in settings that nothing knows, and a file that cannot be used.
#[pg_extern(sql = false)]
fn authguard_setting_problems() -> TableIterator<
    'static,
    (
        name!(setting, &'static str),
        name!(problem, Utf8),
        name!(is_wrong, bool),
        name!(hint, Utf8),
    ),
> {
    let problems = settings::problems_of_table()
        .into_iter()
        .chain(request::gateway_problems())
        .chain(file_problem())
        .map(|(setting, it, is_wrong)| (setting, Utf8(it.what), is_wrong, Utf8(it.hint)));
    TableIterator::new(problems.collect::<Vec<_>>())
}

/// The problem of the file of the issuers whose tokens log in.
#[cfg(feature = "pg18")]
fn file_problem() -> Option<(&'static str, Problem, bool)> {
    let what = super::login::file_problem()?;
    let problem = Problem {
        what: format!("the file cannot be used, so nobody logs in by token: {what}"),
        hint: "Correct the file; it is read at each login.".to_owned(),
    };
    Some(("authguard.oauth_issuers_file", problem, true))
}

/// Nobody logs in by token before Postgres 18.
#[cfg(not(feature = "pg18"))]
fn file_problem() -> Option<(&'static str, Problem, bool)> {
    None
}
