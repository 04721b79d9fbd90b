//! By how much the clock of an issuer may be ahead, as `authguard.issuer` says.

use crate::pg::catalog::Key;
use crate::schema::{self, Table, issuer as column};

/// The skew of an issuer in seconds; `None` if its row gives none, or there is no such row.
pub fn of(issuer: &str) -> Option<i64> {
    let mut skew = None;
    schema::read(Table::Issuer, |table| {
        table.scan(&[Key::Text(table.at(column::ISSUER), issuer)], |row| {
            skew = row.get::<i32>(column::CLOCK_SKEW).map(i64::from);
        });
    });
    skew
}
