//! Logging in by token: what Postgres 18 calls for a line of method `oauth` in pg_hba.conf.

use crate::pg::oauth::{self, Verdict};
use crate::pg::{executor, utility};
use crate::{access, keys};
use std::ffi::CStr;

/// Names the function that judges tokens. To be called once, from `_PG_init`.
pub fn register() {
    oauth::register(judge);
}

fn judge(token: &CStr, role: &CStr) -> Verdict {
    let verdict = keys::log_in(token, role);
    if matches!(verdict, Verdict::Proves(_)) {
        executor::before_each(access::end_revoked_login);
        utility::before_each(access::end_revoked_login);
    }
    verdict
}
