//! pgbench: point selects in transactions as a gateway sends them, with and without a writer beside
//! them.

use super::DATABASE;
use super::case::{Case, Limit};
use super::pgbench::Script;
use super::source::Source;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use pgrx_embed::million_rows;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The number of pairs of runs: with many short runs, one disturbed run does not move the median.
const PAIRS: usize = 27;

/// The greatest number of pairs if it takes more until the ratio is known.
const MOST_PAIRS: usize = 135;
const WRITES_A_SECOND: u32 = 200;

const REVOKE: &str = "select authguard.revoke_user(gen_random_uuid()::text, 'bench')";
const PLAIN_TABLE: &str = "
create table inserted (
    id bigint generated always as identity primary key,
    reason text not null,
    at timestamptz not null default clock_timestamp())";
const INSERT: &str = "insert into inserted (reason) values ('bench')";

/// The claims of each transaction: unchanged, or with another user in them.
pub const SAME: &str = ":value";
const ANOTHER: &str = "replace(:value, '000000000007', lpad(cast(:user as text), 12, '0'))";

/// Measures the latency of one transaction with the guard, against one without: of one user, and of
/// many users in turn.
pub fn quiet(cluster: &Cluster, claims: &str) -> Result<Vec<Case>> {
    let claims = Source::Claims(claims);
    let case = |what, against, value| {
        let guarded = script(cluster, DATABASE, "bench_guard", claims, value)?;
        let open = script(cluster, DATABASE, "bench_open", claims, value)?;
        Case::new(what, against, "µs", Some(Limit::Times(1.05))).steady(
            PAIRS,
            MOST_PAIRS,
            || guarded.micros(1),
            || open.micros(1),
        )
    };
    Ok(vec![
        case(
            "pgbench point select with guard",
            "the same without guard",
            SAME,
        )?,
        case(
            "pgbench with guard, another user in each transaction",
            "the same without guard",
            ANOTHER,
        )?,
    ])
}

/// Measures the latency of one guarded transaction that sets a known token, against one that sets
/// claims.
pub fn sources(cluster: &Cluster, token: &str, claims: &str) -> Result<Case> {
    let verified = script(cluster, DATABASE, "bench_guard", Source::Token(token), SAME)?;
    let gateway = script(
        cluster,
        DATABASE,
        "bench_guard",
        Source::Claims(claims),
        SAME,
    )?;
    Case::new(
        "pgbench with guard, a known token set in each transaction",
        "gateway claims set in each transaction",
        "µs",
        Some(Limit::Times(1.05)),
    )
    .pairs(PAIRS, || verified.micros(1), || gateway.micros(1))
}

/// Measures the latency with the guard while other users are revoked, against while rows are
/// inserted elsewhere.
pub fn beside_writer(cluster: &Cluster, claims: &str) -> Result<Case> {
    cluster
        .connect("postgres", DATABASE)?
        .batch_execute(PLAIN_TABLE)?;
    let guarded = script(
        cluster,
        DATABASE,
        "bench_guard",
        Source::Claims(claims),
        SAME,
    )?;
    let beside = |statement: &'static str| {
        let stop = AtomicBool::new(false);
        let written = AtomicU64::new(0);
        let (latency, writer, seconds) = thread::scope(|scope| {
            let writer = scope.spawn(|| write(cluster, statement, &stop, &written));
            let start = Instant::now();
            let latency = guarded.micros(1);
            let seconds = start.elapsed().as_secs_f64();
            stop.store(true, Ordering::Relaxed);
            (latency, writer.join(), seconds)
        });
        writer.map_err(|_| Error::new("the writer panicked"))??;
        let rate = f64::from(u32::try_from(written.into_inner()).unwrap_or(u32::MAX)) / seconds;
        match rate >= f64::from(WRITES_A_SECOND) * 0.95 {
            true => latency,
            false => Err(Error::new(format!(
                "the writer only reached {rate:.0} commits a second"
            ))),
        }
    };
    Case::new(
        "pgbench with guard beside 200 revocations of other users a second",
        "beside 200 inserts a second into a plain table",
        "µs",
        Some(Limit::Times(1.15)),
    )
    .pairs(PAIRS, || beside(REVOKE), || beside(INSERT))
}

/// Commits one statement at each tick until `stop` is set.
fn write(cluster: &Cluster, statement: &str, stop: &AtomicBool, written: &AtomicU64) -> Result<()> {
    let mut client = cluster.connect("postgres", DATABASE)?;
    let statement = client.prepare(statement)?;
    let start = Instant::now();
    let mut tick = 0;
    while !stop.load(Ordering::Relaxed) {
        client.execute(&statement, &[])?;
        written.fetch_add(1, Ordering::Relaxed);
        tick += 1;
        let next = Duration::from_secs(1) / WRITES_A_SECOND * tick;
        thread::sleep(next.saturating_sub(start.elapsed()));
    }
    Ok(())
}

/// The transaction that one client of the gateway repeats. `value` is SQL for the value that is
/// set. It is made of `:value`, the source's text.
pub fn script<'a>(
    cluster: &'a Cluster,
    database: &'a str,
    role: &str,
    source: Source,
    value: &str,
) -> Result<Script<'a>> {
    let script = format!(
        "\\set id random(1, {})
         \\set user random(1, 999)
         begin;
         set local role {role};
         select set_config('{}', {value}, true);
         select * from items where id = :id;
         commit;\n",
        million_rows::ROWS,
        source.setting(),
    );
    let script = Script::new(cluster, database, "authenticator", &script)?;
    Ok(script.define("value", source.text()))
}
