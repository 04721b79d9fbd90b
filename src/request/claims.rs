//! `request.jwt.claims`: the claims of a token that a gateway has verified.

use super::{ASSIGNED, gateways, seal, session_only, set_in_transaction};
use crate::error::Report;
use crate::pg::guc::{Hooks, SetBy, SetFrom, Text};
use crate::pg::state::PerBackend;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::CStr;

static CLAIMS: Text<Claims> = Text::text(
    c"request.jwt.claims",
    c"",
    c"The claims of the current request, a JSON object; the gateway sets them in each transaction.",
)
.more(c"Trusted if the session user is a superuser or in authguard.gateway_roles. A value from a file, a \
      database or a role is rejected, because it would outlive the request. If another library has \
      defined this setting first, authguard reads its value, but cannot make that check.")
.set_by(SetBy::Anybody)
.flag(pg_sys::GUC_NOT_IN_SAMPLE);

/// True if another library owns the setting, so that no hook of this library sees it change.
static ARE_FOREIGN: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

enum Claims {}

impl Hooks for Claims {
    fn check(new: &CStr, source: SetFrom) -> Result<(), Report> {
        const HINT: &str =
            "Set it in each transaction, with set_config('request.jwt.claims', $1, true).";
        let check = |now: &CStr| session_only::check("request.jwt.claims", HINT, now, new, source);
        // If no gateway is believed, there is nothing to seal: a gateway may go on setting its
        // claims.
        match gateways::any() {
            true => with_claims(check),
            false => check(new),
        }
    }

    fn assign(new: &CStr) {
        if gateways::any() {
            with_claims(|now| seal::assigned(now, new));
        }
        set_in_transaction::CLAIMS.assigned();
        ASSIGNED.call();
    }
}

/// Raises an error if the setting would not get the value that it was given.
pub fn check_given() {
    CLAIMS.check_given();
}

/// Defines the setting. To be called once, from `_PG_init`.
pub fn define() {
    ARE_FOREIGN.set(!CLAIMS.try_define());
}

/// Returns true if another library owns `request.jwt.claims`. Then its text must be compared every
/// time.
#[inline(always)]
pub fn claims_are_foreign() -> bool {
    ARE_FOREIGN.get()
}

/// Returns `read` of the text of `request.jwt.claims`. The text is empty if the setting is not set.
pub fn with_claims<R>(read: impl FnOnce(&CStr) -> R) -> R {
    match claims_are_foreign() {
        true => CLAIMS.with_foreign(read),
        false => CLAIMS.with(read),
    }
}
