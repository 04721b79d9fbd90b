//! The checks that every function that writes makes first.

use crate::error::Error;
use crate::pg::encoding::Utf8;
use crate::pg::replay;
use crate::revocation::check_identity;
use authguard_token::canonical;
use pgrx::prelude::*;

/// Raises an error on a standby.
pub fn require_primary() {
    if replay::is_standby() {
        Error::Standby.raise();
    }
}

/// The canonical form of an identity that must be given. Raises an error that names it if it is
/// missing or empty.
pub fn identity(name: &str, value: Option<&str>) -> String {
    let Some(value) = value else {
        Error::Missing(format!("{name} must not be empty")).raise()
    };
    if value.is_empty() {
        Error::Argument(format!("{name} must not be empty"), None).raise();
    }
    check_identity(name, value.len());
    canonical(value).into_owned()
}

#[pg_extern(sql = false)]
fn authguard_require_primary() {
    require_primary();
}

#[pg_extern(sql = false)]
fn authguard_identity(name: Utf8, value: Option<Utf8>) -> Utf8 {
    Utf8(identity(&name, value.as_deref()))
}
