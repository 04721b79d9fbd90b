//! Acting as somebody: the role and the claims, until the subtransaction is rolled back.

use super::error::error;
use crate::{Server, ServerError};

/// Finds `whoami` of the extension, wherever an adopted schema may be by now.
const WHOAMI: &str = "
    select pg_catalog.format('%I.%I()', n.nspname, p.proname)
      from pg_catalog.pg_extension e
      join pg_catalog.pg_depend d
        on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
       and d.refobjid operator(pg_catalog.=) e.oid and d.deptype operator(pg_catalog.=) 'e'
       and d.classid operator(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
      join pg_catalog.pg_proc p
        on p.oid operator(pg_catalog.=) d.objid and p.proname operator(pg_catalog.=) 'whoami'
      join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
     where e.extname operator(pg_catalog.=) 'authguard'";

/// Takes the claims and the role of somebody, as a gateway does. What is not given stays. Claims
/// that are JSON `null` are taken away. Code that runs as the role cannot leave it, as far as the
/// server can see to that ([`Server::confine`]).
///
/// To be called in a subtransaction: [`Server::roll_back`] ends it.
///
/// # Errors
///
/// `22023` if the claims are no object or are refused, or the role does not exist; `42501` if the
/// session may not become the role.
pub fn as_identity(
    server: &mut dyn Server,
    claims: Option<&str>,
    role: Option<&str>,
) -> Result<(), ServerError> {
    if let Some(claims) = claims {
        set_claims(server, claims)?;
    }
    if let Some(role) = role {
        set_role(server, role)?;
    }
    server.confine()
}

fn set_claims(server: &mut dyn Server, claims: &str) -> Result<(), ServerError> {
    let claims = match serde_json::from_str(claims) {
        Ok(serde_json::Value::Null) => "",
        Ok(serde_json::Value::Object(_)) => claims,
        _ => {
            let hint = "Use an object such as {\"sub\": \"…\", \"role\": \"authenticated\"}.";
            return Err(error("22023", "claims are no JSON object", hint));
        }
    };
    let whoami = server.query(WHOAMI, &[])?;
    let whoami = whoami.into_iter().flatten().flatten().next();
    // A token would count instead of the claims.
    let token = match whoami {
        Some(_) => ", pg_catalog.set_config('authguard.jwt', '', true)",
        None => "",
    };
    let set = format!("select pg_catalog.set_config('request.jwt.claims', $1, true){token}");
    server.query(&set, &[Some(claims)])?;
    let Some(whoami) = whoami else {
        return Ok(());
    };
    let status =
        format!("select w.hint from {whoami} w where w.status operator(pg_catalog.=) 'refused'");
    match server.query(&status, &[])?.into_iter().flatten().next() {
        Some(hint) if !claims.is_empty() => Err(ServerError {
            detail: hint,
            ..error(
                "22023",
                "these claims are refused",
                "Claims are believed if the login role is one of authguard.gateway_roles.",
            )
        }),
        _ => Ok(()),
    }
}

fn set_role(server: &mut dyn Server, role: &str) -> Result<(), ServerError> {
    if role == "none" {
        let hint = "Give the name as it is stored: without quotes, in upper and lower case.";
        return Err(error("22023", "role \"none\" does not exist", hint));
    }
    let set = "select pg_catalog.set_config('role', $1, true)";
    match server.query(set, &[Some(role)]) {
        Ok(_) => Ok(()),
        Err(problem) => Err(ServerError {
            hint: Some(match problem.sqlstate.as_str() {
                "22023" => {
                    "Give the name as it is stored: without quotes, in upper and lower case."
                        .to_owned()
                }
                _ => format!(
                    "To act as {role}, the login role has to be a member of it, and nothing may \
                     run in a SECURITY DEFINER function."
                ),
            }),
            ..problem
        }),
    }
}
