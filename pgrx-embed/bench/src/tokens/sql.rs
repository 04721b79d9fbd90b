//! The tokens in tables, their issuers, and the same verification as a developer would write it in
//! SQL.

use super::verifier::Verifier;
use crate::claims::{AUDIENCE, ISSUER, SECRET_ISSUER};
use pgrx_embed::error::Result;
use postgres::Client;
use std::io::Write;

/// The algorithms that are also measured inside the server.
const IN_TABLES: [&str; 2] = ["ES256", "HS256"];

/// A verification in the style of pgjwt: base64url by hand, the HMAC by pgcrypto, then the
/// algorithm and the times. It returns NULL for a bad token, and knows nothing of issuers,
/// audiences or revocation.
const SQL_VERIFY: &str = "
create extension pgcrypto;
create function url_decode(text) returns bytea language sql immutable strict parallel safe as $$
    select decode(translate($1, '-_', '+/') || repeat('=', -length($1) & 3), 'base64')
$$;
create function sql_verify(token text, secret text) returns jsonb
language sql stable strict parallel safe as $$
    select claims
      from (select convert_from(url_decode(part[1]), 'UTF8')::jsonb,
                   convert_from(url_decode(part[2]), 'UTF8')::jsonb,
                   hmac(part[1] || '.' || part[2], secret, 'sha256') = url_decode(part[3])
              from string_to_array(token, '.') part) jwt (header, claims, is_signed)
     where is_signed and header ->> 'alg' = 'HS256'
       and to_timestamp((claims ->> 'exp')::double precision) > now()
$$;";

/// Trusts the verifier's keys and fills the tables.
pub fn make(admin: &mut Client, verifier: &Verifier) -> Result<()> {
    admin.batch_execute(SQL_VERIFY)?;
    let keys = ["RS256", "ES256", "EdDSA"].map(|algorithm| verifier.key(algorithm));
    let keys = keys.into_iter().collect::<Result<Vec<_>>>()?.join(",");
    let jwks = format!(r#"{{"keys":[{keys}]}}"#);
    admin.execute(
        "select authguard.trust_issuer($1, cast($2::text as jsonb), array[$3::text], shares_subjects => true, events => true)",
        &[&ISSUER, &jwks, &AUDIENCE],
    )?;
    admin.execute(
        "select authguard.trust_secret($1, $2, array[$3::text], shares_subjects => true)",
        &[&SECRET_ISSUER, &verifier.key("HS256")?, &AUDIENCE],
    )?;
    for algorithm in IN_TABLES {
        let table = table(algorithm);
        admin.batch_execute(&format!(
            "create table {table} (token text not null); grant select on {table} to public"
        ))?;
        let mut copy = admin.copy_in(&format!("copy {table} from stdin"))?;
        copy.write_all(verifier.tokens(algorithm)?.as_bytes())?;
        copy.finish()?;
        admin.batch_execute(&format!("vacuum (freeze, analyze) {table}"))?;
    }
    Ok(())
}

/// The number of users that are revoked while `auth.verify` is measured.
pub const REVOKED: u32 = 100_000;

/// Revokes that many users, none of whom has a token.
pub fn revoke(admin: &mut Client) -> Result<()> {
    admin.batch_execute(&format!(
        "insert into authguard.revocation (kind, key)
         select 'user', format('10000000-0000-4000-8000-%s', lpad(to_hex(g), 12, '0'))
           from generate_series(1, {REVOKED}) g"
    ))?;
    Ok(admin.batch_execute("vacuum (freeze, analyze) authguard.revocation")?)
}

/// Takes that back.
pub fn restore(admin: &mut Client) -> Result<()> {
    admin.batch_execute("delete from authguard.revocation")?;
    Ok(admin.batch_execute("vacuum (freeze, analyze) authguard.revocation")?)
}

/// The table of an algorithm's tokens.
pub fn table(algorithm: &str) -> String {
    format!("tokens_{}", algorithm.to_lowercase())
}
