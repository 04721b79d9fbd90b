//! The problems of settings, for `authguard.coverage()`.

use super::gateways;
use crate::pg::encoding::Utf8;
use crate::settings;
use pgrx::prelude::*;

/// The words and names in settings that nothing knows.
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
        .chain(gateways::gateway_problems())
        .map(|(setting, it, is_wrong)| (setting, Utf8(it.what), is_wrong, Utf8(it.hint)));
    TableIterator::new(problems.collect::<Vec<_>>())
}
