//! The functions that the SQL of guards, coverage and the test kit calls.

use crate::error::Error;
use crate::pg::encoding::{self, Utf8};
use crate::pg::transaction;
use crate::request;
use pgrx::prelude::*;

/// Raises an error outside a transaction block, and if the connection has logged in by token: what
/// it set would not count.
#[pg_extern(sql = false)]
fn authguard_require_transaction_block() {
    if request::login_token().is_some() {
        Error::LoggedIn.raise();
    }
    if !transaction::in_block() {
        Error::ActNoTransactionBlock.raise();
    }
}

/// The names in `authguard.gateway_roles`, whether or not there are such roles.
#[pg_extern(sql = false)]
fn authguard_gateways() -> Vec<Utf8> {
    let names = request::gateway_names().into_iter();
    names.map(|name| Utf8(encoding::title(&name))).collect()
}
