//! The checks that policies call. Their SQL declarations are in `sql/access/checks.sql`.

use super::{decide, whoami};
use crate::pg::call::{guarded, raw_function};
use crate::pg::encoding::Utf8;
use authguard_token::canonical;
use pgrx::prelude::*;

raw_function!(authguard_is_revoked, |call| pg_sys::Datum::from(
    decide::is_revoked()
));
raw_function!(authguard_is_active, |call| pg_sys::Datum::from(
    decide::is_active()
));
raw_function!(authguard_is_user, |call| pg_sys::Datum::from(
    decide::is_user()
));

raw_function!(authguard_require_active, |call| {
    if !decide::is_active() {
        guarded(|| whoami::not_active().raise());
    }
    pg_sys::Datum::from(0)
});

/// The reason for which the token is revoked, in the words of the documentation; NULL if it is not.
#[pg_extern(sql = false)]
fn authguard_revocation_reason() -> Option<&'static str> {
    decide::reason().map(authguard_token::RevocationReason::as_str)
}

/// The one spelling of an identity that entries and look-ups use.
#[pg_extern(sql = false)]
fn authguard_canonical(identity: Utf8) -> Utf8 {
    Utf8(canonical(&identity).into_owned())
}
