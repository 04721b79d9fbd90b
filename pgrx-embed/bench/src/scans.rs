//! Scans of a million rows: one role against another, each on a connection of its own.

use super::case::{Case, Limit};
use super::source::Source;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use postgres::{Client, Statement};
use std::time::Instant;

const PAIRS: usize = 7;

/// The number of pairs if times vary much.
const MANY_PAIRS: usize = 21;

/// The greatest number of pairs with workers, whose times vary most.
const MOST_PAIRS: usize = 420;

/// The limit if both sides have workers.
const PARALLEL: Limit = Limit::Times(1.05);

/// Both sides of a case, and its limit.
struct Scan {
    what: &'static str,
    role: &'static str,
    against: &'static str,
    other: &'static str,
    limit: Option<Limit>,
}

const SCANS: [Scan; 5] = [
    Scan {
        what: "owner = auth.uid(), bare",
        role: "bench_uid",
        against: "owner = a literal",
        other: "bench_literal",
        limit: Some(Limit::Times(1.10)),
    },
    Scan {
        what: "restrictive not auth.is_revoked(), bare",
        role: "bench_guard",
        against: "not pg_is_in_recovery()",
        other: "bench_constant",
        limit: Some(Limit::Times(1.05)),
    },
    Scan {
        what: "the policy on access_revoked, verbatim",
        role: "bench_seed",
        against: "the same on '{}'::jsonb",
        other: "bench_seed_constant",
        limit: Some(Limit::Times(1.05)),
    },
    Scan {
        what: "(auth.jwt()->>'sub')::uuid = owner, bare",
        role: "bench_jwt_sub",
        against: "Supabase-style sb_uid() = owner",
        other: "bench_sql_uid",
        limit: Some(Limit::Times(0.20)),
    },
    Scan {
        what: "restrictive not auth.is_revoked(), bare",
        role: "bench_guard",
        against: "no check at all",
        other: "bench_open",
        limit: None,
    },
];

/// Measures every scan, with parallelism off or on.
pub fn measure(cluster: &Cluster, claims: &str, workers: u8) -> Result<Vec<Case>> {
    SCANS
        .iter()
        .map(|scan| scan.measure(cluster, Source::Claims(claims), workers))
        .collect()
}

/// Measures the look-up that teams write. It takes seconds a scan, so it gets fewer rows and no
/// limit.
pub fn lookup(cluster: &Cluster, claims: &str) -> Result<Case> {
    let rows = "select count(*) from items where id <= 100000";
    let claims = Source::Claims(claims);
    let mut guard = Side::new(cluster, "bench_guard", claims, 0, rows)?;
    let mut lookup = Side::new(cluster, "bench_lookup", claims, 0, rows)?;
    Case::new(
        "restrictive not auth.is_revoked(), 100,000 rows",
        "SECURITY DEFINER look-up of jti",
        "ms",
        None,
    )
    .pairs(PAIRS, || guard.time(), || lookup.time())
}

/// Measures the readers' cost per row, for claims of a token against the same claims from the
/// gateway.
pub fn sources(cluster: &Cluster, token: &str, claims: &str) -> Result<Case> {
    let query = "select count(*) from items";
    let mut a = Side::new(cluster, "bench_uid", Source::Token(token), 0, query)?;
    let mut b = Side::new(cluster, "bench_uid", Source::Claims(claims), 0, query)?;
    a.same_rows_as(&mut b)?;
    Case::new(
        "owner = auth.uid(), bare, of a verified token",
        "the same of gateway claims",
        "ms",
        Some(Limit::Times(1.05)),
    )
    .pairs(MANY_PAIRS, || a.time(), || b.time())
}

impl Scan {
    fn measure(&self, cluster: &Cluster, claims: Source, workers: u8) -> Result<Case> {
        let query = "select count(*) from items";
        let mut a = Side::new(cluster, self.role, claims, workers, query)?;
        let mut b = Side::new(cluster, self.other, claims, workers, query)?;
        let limit = self.limit;
        let (note, limit, few, most) = match (workers, a.parallel()?, b.parallel()?) {
            (0, ..) => ("", limit, PAIRS, PAIRS),
            (_, true, true) => (
                ", parallel",
                limit.map(|_| PARALLEL),
                MANY_PAIRS,
                MOST_PAIRS,
            ),
            (_, true, false) => (", parallel against serial", limit, PAIRS, PAIRS),
            (_, false, _) => (", serial", limit, PAIRS, PAIRS),
        };
        a.same_rows_as(&mut b)?;
        Case::new(&format!("{}{note}", self.what), self.against, "ms", limit).steady(
            few,
            most,
            || a.time(),
            || b.time(),
        )
    }
}

/// A connection of the gateway that acts as one role.
pub struct Side {
    client: Client,
    query: Statement,
    text: String,
}

impl Side {
    pub fn new(
        cluster: &Cluster,
        role: &str,
        source: Source,
        workers: u8,
        query: &str,
    ) -> Result<Side> {
        Side::in_database(cluster, super::DATABASE, role, source, workers, query)
    }

    pub fn in_database(
        cluster: &Cluster,
        database: &str,
        role: &str,
        source: Source,
        workers: u8,
        query: &str,
    ) -> Result<Side> {
        let mut client = cluster.connect("authenticator", database)?;
        client.batch_execute(&format!(
            "set jit = off; set max_parallel_workers_per_gather = {workers}; set role {role}"
        ))?;
        source.set(&mut client)?;
        Ok(Side {
            query: client.prepare(query)?,
            client,
            text: query.to_owned(),
        })
    }

    pub fn time(&mut self) -> Result<f64> {
        let start = Instant::now();
        self.client.query_one(&self.query, &[])?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }

    fn parallel(&mut self) -> Result<bool> {
        let plan = self.client.query(&format!("explain {}", self.text), &[])?;
        Ok(plan
            .iter()
            .any(|line| line.get::<_, String>(0).contains("Parallel")))
    }

    /// Checks that both sides see the same rows, which also warms them up.
    fn same_rows_as(&mut self, other: &mut Side) -> Result<()> {
        let count = |side: &mut Side| -> Result<i64> {
            Ok(side.client.query_one(&side.query, &[])?.get(0))
        };
        let (one, two) = (count(self)?, count(other)?);
        match one == two && one > 0 {
            true => Ok(()),
            false => Err(Error::new(format!("the sides see {one} and {two} rows"))),
        }
    }
}
