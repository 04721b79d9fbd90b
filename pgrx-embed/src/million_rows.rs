//! A table of a million rows, with a role and a policy for each kind of check. The demo and the
//! bench measure with this table.

use crate::error::Result;
use postgres::Client;

/// The number of rows that are scanned.
pub const ROWS: u32 = 1_000_000;

/// Functions that teams write without the extension: Supabase's SQL function, and a look-up of the
/// token's jti with the rights of the list's owner.
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

/// Roles, each with its permissive and its restrictive condition. All share the same rows, pages
/// and statistics.
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
    make_table(admin)?;
    admin.batch_execute(FUNCTIONS)?;
    Ok(admin.batch_execute(&roles())?)
}

/// Makes the table `items`, with row-level security on and no policy.
pub fn make_table(admin: &mut Client) -> Result<()> {
    admin.batch_execute(&format!(
        "create table items (id int primary key, owner uuid not null, body text not null);
         insert into items
         select i, ('00000000-0000-4000-8000-' || lpad(to_hex(i % 1000), 12, '0'))::uuid, 'row ' || i
           from generate_series(1, {ROWS}) i;
         alter table items enable row level security;"
    ))?;
    Ok(admin.batch_execute("vacuum (freeze, analyze) items")?)
}

/// A role for each kind of check. The gateway may become any of them.
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
