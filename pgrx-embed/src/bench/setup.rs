//! The rows, roles, policies and comparison functions that the measurements share.

use super::source::Source;
use crate::error::Result;
use postgres::Client;

/// How many rows are scanned.
pub const ROWS: u32 = 1_000_000;

/// The user of the measured token, who owns one row in a thousand.
pub const USER: &str = "00000000-0000-4000-8000-000000000007";

/// The issuer of the measured claims, and of the tokens that public keys verify.
pub const ISSUER: &str = "https://abcdefghijklmnopqrst.supabase.co/auth/v1";

/// The issuer of the tokens that a secret verifies.
pub const SECRET_ISSUER: &str = "https://abcdefghijklmnopqrsu.supabase.co/auth/v1";

/// That secret.
pub const SECRET: &str = "measured with a secret of forty-eight characters";

/// Whom tokens are for.
pub const AUDIENCE: &str = "authenticated";

/// What teams write without the extension: the SQL function of Supabase, and a look-up of the
/// token's jti with the rights of the owner of the list.
const FUNCTIONS: &str = "
create function sb_uid() returns uuid language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
    )::uuid
$$;

create table revoked_jti (jti uuid primary key);
insert into revoked_jti select gen_random_uuid() from generate_series(1, 1000);
create function jti_revoked() returns boolean language sql stable security definer
set search_path = public, pg_temp as $$
    select exists (
        select from revoked_jti
         where jti = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'jti')::uuid)
$$;
";

/// One role each, with its permissive and its restrictive condition: the same rows, pages and
/// statistics for all of them.
const POLICIES: [(&str, &str, &str); 11] = [
    ("bench_open", "true", ""),
    ("bench_constant", "true", "not pg_is_in_recovery()"),
    ("bench_guard", "true", "not auth.is_revoked()"),
    ("bench_sql", "true", "sb_uid() is not null"),
    ("bench_lookup", "true", "not jti_revoked()"),
    ("bench_uid", "owner = auth.uid()", ""),
    (
        "bench_literal",
        "owner = '00000000-0000-4000-8000-000000000007'::uuid",
        "",
    ),
    (
        "bench_seed",
        "true",
        "coalesce((select auth.jwt()->'app_metadata'->>'access_revoked')::boolean, false) = false",
    ),
    (
        "bench_seed_constant",
        "true",
        "coalesce((select '{}'::jsonb->'app_metadata'->>'access_revoked')::boolean, false) = false",
    ),
    ("bench_jwt_sub", "(auth.jwt()->>'sub')::uuid = owner", ""),
    ("bench_sql_uid", "sb_uid() = owner", ""),
];

/// Makes the table `items`, the comparison functions and the roles.
pub fn make(admin: &mut Client) -> Result<()> {
    admin.batch_execute(&format!(
        "create table items (id int primary key, owner uuid not null, body text not null);
         insert into items
         select i, ('00000000-0000-4000-8000-' || lpad(to_hex(i % 1000), 12, '0'))::uuid, 'row ' || i
           from generate_series(1, {ROWS}) i;
         alter table items enable row level security;"
    ))?;
    admin.batch_execute("vacuum (freeze, analyze) items")?;
    admin.batch_execute(FUNCTIONS)?;
    Ok(admin.batch_execute(&roles())?)
}

/// A role for each way to check; the gateway may become all of them.
fn roles() -> String {
    POLICIES
        .iter()
        .map(|(role, permissive, restrictive)| {
            let mut sql = format!(
                "create role {role}; grant {role} to authenticator;
                 grant select on items to {role};
                 create policy {role} on items to {role} using ({permissive});\n"
            );
            if !restrictive.is_empty() {
                sql += &format!(
                    "create policy {role}_check on items as restrictive to {role} using ({restrictive});\n"
                );
            }
            sql
        })
        .collect()
}

/// Sets the claims for the whole session, as a gateway's login role may.
pub fn set_claims(client: &mut Client, claims: &str) -> Result<()> {
    Source::Claims(claims).set(client)
}

/// Claims of the measured user. Supabase sends no jti: the look-up that needs one gets it at the end.
pub fn claims(issued_at: u64, jti: bool) -> String {
    let claims = claims_of(ISSUER, USER, issued_at);
    match (jti, claims.strip_suffix('}')) {
        (true, Some(rest)) => rest.to_owned() + r#","jti":"5bd6ff43-41b7-4aeb-9f48-3a1a1b4fdd3e"}"#,
        _ => claims,
    }
}

/// Claims as Supabase issues them, for an hour; some 400 bytes.
pub fn claims_of(issuer: &str, user: &str, issued_at: u64) -> String {
    let expires_at = issued_at + 3600;
    format!(
        r#"{{"iss":"{issuer}","sub":"{user}","aud":"{AUDIENCE}","exp":{expires_at},"iat":{issued_at},"email":"ada@example.org","phone":"","app_metadata":{{"provider":"email","providers":["email"]}},"user_metadata":{{}},"role":"authenticated","aal":"aal1","amr":[{{"method":"password","timestamp":{issued_at}}}],"session_id":"8f4dd9a6-6a0c-4d5e-9a13-2c1c3f2b7c55"}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_json_of_about_400_bytes() {
        let told = claims(1_780_000_000, false);
        let read: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(read["sub"], USER);
        assert_eq!(read.get("jti"), None);
        assert!((380..=450).contains(&told.len()), "{}", told.len());
        let read: serde_json::Value = serde_json::from_str(&claims(1_780_000_000, true)).unwrap();
        assert!(read["jti"].is_string());
    }
}
