//! The cost of a policy for a million rows: each against a literal, for the picture in README.

use super::case::{Case, median};
use super::scans::Side;
use super::source::Source;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::Result;
use pgrx_embed::million_rows;

const QUERY: &str = "select count(*) from items";

/// The number of pairs.
const PAIRS: usize = 21;

/// The same for a policy whose scan takes longer than a second.
const SLOW_PAIRS: usize = 5;

/// The database of pg_session_jwt, which has a schema `auth` of its own.
const DATABASE: &str = "bench_session_jwt";

/// What pg_session_jwt adds, if it is installed.
const SESSION_JWT: &str = "
    create extension pg_session_jwt; grant usage on schema auth to public;
    create role bench_session_jwt; grant bench_session_jwt to authenticator;
    grant select on items to bench_session_jwt;
    create policy bench_session_jwt on items to bench_session_jwt using (owner = auth.uid());";

/// A bar of the picture.
pub struct Bar {
    pub what: &'static str,
    pub by: &'static str,
    /// The time of a scan, in milliseconds.
    pub time: f64,
    /// The time divided by that of a literal.
    pub ratio: f64,
}

/// Policies: who wrote the function, what the policy asks of each row, and the role that it is for.
const POLICIES: [(&str, &str, &str); 4] = [
    ("authguard", "owner = auth.uid()", "bench_uid"),
    ("authguard", "not auth.is_revoked()", "bench_guard"),
    (
        "Supabase, a function in SQL",
        "owner = auth.uid()",
        "bench_sql_uid",
    ),
    (
        "a denylist, SECURITY DEFINER",
        "not jti_revoked()",
        "bench_lookup",
    ),
];

/// Measures each policy, as cases and as bars: the literal, then from the cheapest to the dearest.
pub fn measure(cluster: &Cluster, claims: &str) -> Result<(Vec<Case>, Vec<Bar>)> {
    let claims = Source::Claims(claims);
    let mut literal = Side::new(cluster, "bench_literal", claims, 0, QUERY)?;
    literal.time()?;
    let mut sides = Vec::new();
    for (by, what, role) in POLICIES {
        sides.push((by, what, Side::new(cluster, role, claims, 0, QUERY)?));
    }
    if let Some(side) = session_jwt(cluster, claims)? {
        sides.push(("pg_session_jwt", "owner = auth.uid()", side));
    }
    let (mut cases, mut bars) = (Vec::new(), Vec::new());
    for (by, what, mut side) in sides {
        let name = format!("the policy {what}, by {by}");
        // The first scan also warms up.
        let pairs = match side.time()? {
            ..1_000.0 => PAIRS,
            _ => SLOW_PAIRS,
        };
        let case = Case::new(&name, "owner = a literal", "ms", None).pairs(
            pairs,
            || side.time(),
            || literal.time(),
        )?;
        let (time, ratio) = (median(&case.a), case.ratio());
        bars.push(Bar {
            what,
            by,
            time,
            ratio,
        });
        cases.push(case);
    }
    let literals: Vec<f64> = cases.iter().flat_map(|case| case.b.clone()).collect();
    bars.sort_by(|one, other| one.ratio.total_cmp(&other.ratio));
    let literal = Bar {
        what: "owner = '00000000-…'",
        by: "a literal",
        time: median(&literals),
        ratio: 1.0,
    };
    bars.insert(0, literal);
    Ok((cases, bars))
}

/// The same table and a policy of pg_session_jwt; `None` if it is not installed in this Postgres.
fn session_jwt(cluster: &Cluster, claims: Source) -> Result<Option<Side>> {
    let there = "select exists (select from pg_available_extensions where name = 'pg_session_jwt')";
    let mut admin = cluster.connect("postgres", super::DATABASE)?;
    if !admin.query_one(there, &[])?.get::<_, bool>(0) {
        return Ok(None);
    }
    admin.batch_execute(&format!("create database {DATABASE} template template0"))?;
    let mut admin = cluster.connect("postgres", DATABASE)?;
    million_rows::make_table(&mut admin)?;
    admin.batch_execute(SESSION_JWT)?;
    let side = Side::in_database(cluster, DATABASE, "bench_session_jwt", claims, 0, QUERY)?;
    Ok(Some(side))
}
