//! `authguard.gateway_roles`: the login roles whose `request.jwt.claims` is believed.

use super::ASSIGNED;
use crate::error::{Error, Report};
use crate::pg::guc::{Hooks, SetFrom, Text, identifiers};
use pgrx::pg_sys;
use std::ffi::CStr;

/// PostgREST and Supabase log in as `authenticator`.
static GATEWAY_ROLES: Text<GatewayRoles> = Text::text(
    c"authguard.gateway_roles",
    c"authenticator",
    c"Login roles whose request.jwt.claims is believed.",
)
.more(c"A list of role names. A superuser is always believed. Empty: only verified tokens are.")
.flag(pg_sys::GUC_LIST_INPUT);

enum GatewayRoles {}

impl Hooks for GatewayRoles {
    fn check(new: &CStr, _source: SetFrom) -> Result<(), Report> {
        match identifiers(new) {
            Some(_) => Ok(()),
            None => {
                let value = new.to_string_lossy().into_owned();
                Err(Error::ListSyntax("authguard.gateway_roles", value).report())
            }
        }
    }

    fn assign(_new: &CStr) {
        ASSIGNED.call();
    }
}

/// Defines the setting. To be called once, from `_PG_init`.
pub fn define() {
    GATEWAY_ROLES.define();
}

/// Returns true if any gateway is believed.
pub fn any() -> bool {
    GATEWAY_ROLES.with(|roles| !roles.is_empty())
}

/// Returns true if `authguard.gateway_roles` lists a role. Names are compared byte by byte: the
/// setting has the encoding of the database, as the catalogue has.
pub fn is_gateway(role: &CStr) -> bool {
    let roles = GATEWAY_ROLES.with(|roles| identifiers(roles).unwrap_or_default());
    roles.iter().any(|name| name.as_c_str() == role)
}
