//! The memory of a backend, which must stay flat.

use super::DATABASE;
use super::source::Source;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::Result;
use postgres::Client;

/// The bytes of all memory contexts of one backend, before and after.
pub struct Memory {
    pub before: i64,
    pub after: i64,
}

/// Measures as a superuser: its claims are believed as the gateway's are, and it may read the
/// contexts.
pub fn measure(cluster: &Cluster, claims: &str) -> Result<Memory> {
    let mut client = cluster.connect("postgres", DATABASE)?;
    client.batch_execute("set jit = off; set max_parallel_workers_per_gather = 0")?;
    // The same work runs first: memory that is allocated once and kept is not a leak.
    work(&mut client, claims, 1, 1_000)?;
    total(&mut client)?;
    let before = total(&mut client)?;
    work(&mut client, claims, 10, 100_000)?;
    let after = total(&mut client)?;
    Ok(Memory { before, after })
}

/// Runs scans of a million calls each, then sets that many different claims.
fn work(client: &mut Client, claims: &str, scans: u32, different: u32) -> Result<()> {
    Source::Claims(claims).set(client)?;
    for _ in 0..scans {
        client.simple_query("select count(*) from items where not auth.is_revoked()")?;
    }
    client.batch_execute(&format!(
        "do $$
         declare
             claims jsonb := current_setting('request.jwt.claims');
         begin
             for i in 1 .. {different} loop
                 perform set_config('request.jwt.claims',
                     jsonb_set(claims, '{{sub}}', to_jsonb(gen_random_uuid()))::text, false);
                 perform auth.uid(), auth.jwt(), auth.is_revoked();
             end loop;
         end $$"
    ))?;
    Source::Claims(claims).set(client)
}

fn total(client: &mut Client) -> Result<i64> {
    let sum = "select sum(total_bytes)::int8 from pg_backend_memory_contexts";
    Ok(client.query_one(sum, &[])?.get(0))
}
