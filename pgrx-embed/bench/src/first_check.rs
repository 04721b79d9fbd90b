//! The first check in a backend after another backend's revocation, with few and with many entries.

use super::case::{Case, Limit};
use super::source::Source;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::command;
use pgrx_embed::error::{Error, Result};
use postgres::{Client, Statement};
use std::time::Instant;

const FEW: u32 = 1_000;
const MANY: u32 = 10_000_000;
const ROUNDS: usize = 1_000;

/// Measures in two databases of one server: an invalidation does not leave its own database.
pub fn measure(cluster: &Cluster, claims: &str) -> Result<Case> {
    let mut few = Pair::new(cluster, "bench_few", FEW, claims)?;
    let mut many = Pair::new(cluster, "bench_many", MANY, claims)?;
    cluster
        .connect("postgres", "postgres")?
        .batch_execute("checkpoint")?;
    command::progress("measuring the first check after a revocation elsewhere");
    for _ in 0..ROUNDS / 10 {
        few.time()?;
        many.time()?;
    }
    Case::new(
        "first check after a revocation elsewhere, 10,000,000 entries",
        "the same with 1,000 entries",
        "µs",
        Some(Limit::Times(1.5)),
    )
    .pairs(ROUNDS, || many.time(), || few.time())
}

/// A backend that revokes, and one that checks.
struct Pair {
    revoker: Client,
    checker: Client,
    revoke: Statement,
    check: Statement,
}

impl Pair {
    fn new(cluster: &Cluster, database: &str, entries: u32, claims: &str) -> Result<Pair> {
        cluster.create_database(database)?;
        let mut revoker = cluster.connect("postgres", database)?;
        fill(&mut revoker, entries)?;
        let mut checker = cluster.connect("authenticator", database)?;
        checker.batch_execute("set role bench_guard")?;
        Source::Claims(claims).set(&mut checker)?;
        Ok(Pair {
            revoke: revoker.prepare("select authguard.revoke_token(gen_random_uuid()::text)")?,
            check: checker.prepare("select auth.is_revoked()")?,
            revoker,
            checker,
        })
    }

    fn time(&mut self) -> Result<f64> {
        let changed: bool = self.revoker.query_one(&self.revoke, &[])?.get(0);
        let start = Instant::now();
        let revoked: bool = self.checker.query_one(&self.check, &[])?.get(0);
        let time = start.elapsed().as_secs_f64() * 1e6;
        match changed && !revoked {
            true => Ok(time),
            false => Err(Error::new(
                "the revocation of one token hit another, or none",
            )),
        }
    }
}

/// Writes entries directly. The operators' functions write one entry at a time, each with an
/// invalidation: too slow for millions. The entries are in the order of their keys, so that the
/// index is filled from left to right.
fn fill(admin: &mut Client, entries: u32) -> Result<()> {
    command::progress(format!("writing {entries} entries"));
    let start = Instant::now();
    admin.batch_execute(&format!(
        "begin;
         set local work_mem = '1GB';
         alter table authguard.revocation disable trigger invalidate;
         insert into authguard.revocation (kind, key)
         select 'token', k.key
           from (select gen_random_uuid()::text collate \"C\" from generate_series(1, {entries})) k (key)
          order by k.key;
         alter table authguard.revocation enable always trigger invalidate;
         commit;"
    ))?;
    admin.batch_execute("vacuum (freeze, analyze) authguard.revocation")?;
    command::progress(format!("that took {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}
