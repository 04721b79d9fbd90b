//! `authguard.gateway_roles`: the login roles whose `request.jwt.claims` is believed.

use super::ASSIGNED;
use crate::error::{Error, Report};
use crate::pg::guc::{Text, identifiers};
use crate::pg::{catalog, encoding};
use crate::settings::{Judged, Problem, Rule, problems};
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// The default. No role of that name is needed for it.
const DEFAULT: &CStr = c"authenticator";

/// PostgREST and Supabase log in as `authenticator`.
static GATEWAY_ROLES: Text<Judged<GatewayRoles>> = Text::text(
    c"authguard.gateway_roles",
    DEFAULT,
    c"Login roles whose request.jwt.claims is trusted.",
)
.more(c"A superuser is always trusted. The session user counts, which a client cannot change; set role \
      does not matter. Empty: only verified tokens count.")
.flag(pg_sys::GUC_LIST_INPUT);

enum GatewayRoles {}

impl Rule for GatewayRoles {
    const NAME: &'static str = "authguard.gateway_roles";

    fn check(new: &CStr) -> Result<(), Report> {
        match identifiers(new) {
            Some(_) => Ok(()),
            None => {
                let value = encoding::printable(&new.to_string_lossy());
                Err(Error::ListSyntax(Self::NAME, value).report())
            }
        }
    }

    /// A role may be made later.
    fn doubtful(text: &str) -> Vec<Problem> {
        // The catalogue has names in the encoding of the database.
        let text = encoding::to_server(text).and_then(|text| CString::new(text).ok());
        let text = text.unwrap_or_default();
        if text.as_c_str() == DEFAULT {
            return Vec::new();
        }
        let names = identifiers(&text).unwrap_or_default().into_iter();
        let missing = names.filter(|name| !catalog::role_exists(name));
        let problem = |name: String| Problem {
            what: format!("role \"{name}\" does not exist"),
            hint: "Nobody's claims are believed because of it; correct the name, or make the role."
                .to_owned(),
        };
        missing
            .map(|name| encoding::title(&name))
            .map(problem)
            .collect()
    }

    fn assigned() {
        ASSIGNED.call();
    }
}

/// The problems of the setting.
pub fn gateway_problems() -> Vec<(&'static str, Problem, bool)> {
    problems::<GatewayRoles>(&GATEWAY_ROLES.get()).collect()
}

/// Raises an error if the setting would not get the value that it was given.
pub fn check_given() {
    GATEWAY_ROLES.check_given();
}

/// Defines the setting. To be called once, from `_PG_init`.
pub fn define() {
    GATEWAY_ROLES.define();
}

/// The names in the setting, in the encoding of the database, whether or not there are such roles.
pub fn names() -> Vec<CString> {
    GATEWAY_ROLES.with(|roles| identifiers(roles).unwrap_or_default())
}

/// Returns true if any gateway is believed.
pub fn any() -> bool {
    GATEWAY_ROLES.with(|roles| !roles.is_empty())
}

/// Returns true if `authguard.gateway_roles` lists a role. Names are compared byte by byte: the
/// setting has the encoding of the database, as the catalogue has.
pub fn is_gateway(role: &CStr) -> bool {
    names().iter().any(|name| name.as_c_str() == role)
}
