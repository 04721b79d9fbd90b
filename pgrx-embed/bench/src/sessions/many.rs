//! The guard with few and with many sessions in the table, each transaction with another session;
//! and what it costs to ask for the figures of `authguard.statistics` beside them.

use crate::case::{Case, Limit};
use crate::claims::{self, OWN_ISSUER};
use crate::pgbench::Script;
use crate::source::Source;
use crate::{DATABASE, load};
use pgrx_embed::cluster::Cluster;
use pgrx_embed::command;
use pgrx_embed::error::{Error, Result};
use std::time::Instant;

const FEW: u32 = 1_000;
const MANY: u32 = 10_000_000;
const PAIRS: usize = 27;

/// Measures in two databases with the same rows to read.
pub fn measure(cluster: &Cluster, now: u64) -> Result<Vec<Case>> {
    let claims = claims::of(OWN_ISSUER, claims::USER, now).replace(claims::SESSION, claims::USER);
    let claims = Source::Claims(&claims);
    fill(cluster, "bench_few_sessions", FEW)?;
    fill(cluster, "bench_many_sessions", MANY)?;
    require_let_in(cluster, "bench_few_sessions", claims)?;
    require_let_in(cluster, "bench_many_sessions", claims)?;
    cluster
        .connect("postgres", "postgres")?
        .batch_execute("checkpoint")?;
    command::progress("measuring the guard beside few and many sessions");
    // The sessions that are read lie far from each other.
    let another = |step: u32| {
        format!("replace(:value, '000000000007', lpad(cast(:user * {step} as text), 12, '0'))")
    };
    let few = load::script(
        cluster,
        "bench_few_sessions",
        "bench_guard",
        claims,
        &another(1),
    )?;
    let many = load::script(
        cluster,
        "bench_many_sessions",
        "bench_guard",
        claims,
        &another(MANY / FEW),
    )?;
    let guard = Case::new(
        "pgbench with guard, another of 10,000,000 sessions in each transaction",
        "another of 1,000 sessions",
        "µs",
        Some(Limit::Times(1.05)),
    )
    .pairs(PAIRS, || many.micros(1), || few.micros(1))?;
    Ok(vec![guard, statistics(cluster)?])
}

/// Measures one scrape of a monitoring system.
fn statistics(cluster: &Cluster) -> Result<Case> {
    command::progress("measuring authguard.statistics beside few and many sessions");
    let scrape = |database| {
        let sql = "select name, label, value from authguard.statistics;\n";
        Script::new(cluster, database, "postgres", sql)
    };
    let (few, many) = (
        scrape("bench_few_sessions")?,
        scrape("bench_many_sessions")?,
    );
    Case::new(
        "authguard.statistics beside 10,000,000 sessions",
        "beside 1,000 sessions",
        "µs",
        Some(Limit::Times(1.5)),
    )
    .pairs(PAIRS, || many.micros(1), || few.micros(1))
}

/// Writes sessions whose id is their user's, in the order of ids.
fn fill(cluster: &Cluster, database: &str, sessions: u32) -> Result<()> {
    command::progress(format!("writing {sessions} sessions"));
    let start = Instant::now();
    cluster
        .connect("postgres", "postgres")?
        .batch_execute(&format!("create database {database} template {DATABASE}"))?;
    let mut admin = cluster.connect("postgres", database)?;
    admin.batch_execute("truncate authguard.session")?;
    admin.batch_execute(&format!(
        "insert into authguard.session (id, user_id, issuer, aal, amr)
         select u.id::uuid, u.id, '{OWN_ISSUER}', 'aal1', '[]'
           from (select '00000000-0000-4000-8000-' || lpad(n::text, 12, '0')
                   from generate_series(1, {sessions}) n) u (id)"
    ))?;
    admin.batch_execute("vacuum (freeze, analyze) authguard.session")?;
    command::progress(format!("that took {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// Fails if the claims are shut out: reading nothing would be fast.
fn require_let_in(cluster: &Cluster, database: &str, claims: Source) -> Result<()> {
    let mut client = cluster.connect("authenticator", database)?;
    client.batch_execute("set role bench_guard")?;
    claims.set(&mut client)?;
    let sql = "select auth.is_active() and exists (select from items where id = 1)";
    match client.query_one(sql, &[])?.get(0) {
        true => Ok(()),
        false => Err(Error::new(format!("the session is shut out of {database}"))),
    }
}
