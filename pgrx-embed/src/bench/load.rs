//! pgbench: point selects in transactions as a gateway sends them, quiet and beside a writer.

use super::case::{Case, Limit};
use super::source::Source;
use super::{DATABASE, setup};
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::process;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Many short runs: what disturbs one does not move the median.
const PAIRS: usize = 27;
const SECONDS: &str = "1";
const WRITES_A_SECOND: u32 = 200;

const REVOKE: &str = "select authguard.revoke_user(gen_random_uuid()::text, 'bench')";
const PLAIN_TABLE: &str = "
create table inserted (
    id bigint generated always as identity primary key,
    reason text not null,
    at timestamptz not null default clock_timestamp())";
const INSERT: &str = "insert into inserted (reason) values ('bench')";

/// The claims of each transaction as they are, or with another user in them.
const SAME: &str = ":value";
const ANOTHER: &str = "replace(:value, '000000000007', lpad(cast(:user as text), 12, '0'))";

/// Latency of one transaction with the guard, against without: of one user, and of many in turn.
pub fn quiet(cluster: &Cluster, claims: &str) -> Result<Vec<Case>> {
    let claims = Source::Claims(claims);
    let case = |what, against, value| {
        let guarded = Script::new(cluster, "bench_guard", claims, value)?;
        let open = Script::new(cluster, "bench_open", claims, value)?;
        Case::new(what, against, "µs", Some(Limit::Times(1.05))).pairs(
            PAIRS,
            || guarded.latency(),
            || open.latency(),
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

/// Latency of one transaction with the guard that sets a known token, against one that sets claims.
pub fn sources(cluster: &Cluster, token: &str, claims: &str) -> Result<Case> {
    let verified = Script::new(cluster, "bench_guard", Source::Token(token), SAME)?;
    let gateway = Script::new(cluster, "bench_guard", Source::Claims(claims), SAME)?;
    Case::new(
        "pgbench with guard, a known token set in each transaction",
        "gateway claims set in each transaction",
        "µs",
        Some(Limit::Times(1.05)),
    )
    .pairs(PAIRS, || verified.latency(), || gateway.latency())
}

/// The same with the guard, while others are revoked, against while rows are inserted elsewhere.
pub fn beside_writer(cluster: &Cluster, claims: &str) -> Result<Case> {
    cluster
        .connect("postgres", DATABASE)?
        .batch_execute(PLAIN_TABLE)?;
    let guarded = Script::new(cluster, "bench_guard", Source::Claims(claims), SAME)?;
    let beside = |statement: &'static str| {
        let stop = AtomicBool::new(false);
        let written = AtomicU64::new(0);
        let (latency, writer, seconds) = thread::scope(|scope| {
            let writer = scope.spawn(|| write(cluster, statement, &stop, &written));
            let start = Instant::now();
            let latency = guarded.latency();
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

/// Commits one statement at each tick until told to stop.
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

/// What one client of the gateway repeats.
struct Script<'a> {
    cluster: &'a Cluster,
    file: PathBuf,
    source: Source<'a>,
}

impl<'a> Script<'a> {
    /// `value`: SQL for what is set, made of `:value`, the source's text.
    fn new(cluster: &'a Cluster, role: &str, source: Source<'a>, value: &str) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = cluster.dir().join(format!("script-{count}.sql"));
        let script = format!(
            "\\set id random(1, {})
             \\set user random(1, 999)
             begin;
             set local role {role};
             select set_config('{}', {value}, true);
             select * from items where id = :id;
             commit;\n",
            setup::ROWS,
            source.setting(),
        );
        fs::write(&file, script)?;
        Ok(Script {
            cluster,
            file,
            source,
        })
    }

    /// Average latency of a run, in microseconds.
    fn latency(&self) -> Result<f64> {
        let mut pgbench = self.cluster.client_command("pgbench", DATABASE);
        pgbench
            .args(["-n", "-M", "prepared", "-c", "1", "-T", SECONDS])
            .args(["-U", "authenticator"])
            .arg("-D")
            .arg(format!("value={}", self.source.text()))
            .arg("-f")
            .arg(&self.file)
            .arg(DATABASE);
        let told = process::capture(&mut pgbench)?;
        latency(&told).ok_or_else(|| Error::new(format!("pgbench told no latency:\n{told}")))
    }
}

/// Microseconds from `tps = 1234.5 (without initial connection time)` of a single client: more
/// digits than its own line of latency.
fn latency(told: &str) -> Option<f64> {
    let tps = told.lines().find_map(|line| line.strip_prefix("tps = "))?;
    let tps: f64 = tps.split(' ').next()?.parse().ok()?;
    Some(1e6 / tps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_read_from_the_rate() {
        let told = "latency average = 0.250 ms\ntps = 4000.0 (without initial connection time)\n";
        assert!((latency(told).unwrap() - 250.0).abs() < 1e-9);
        assert_eq!(latency("tps = none"), None);
    }
}
