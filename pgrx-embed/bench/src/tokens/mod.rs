//! The cost of verifying a token: outside a server, in SQL, and if the backend already knows the
//! token.

mod events;
mod sql;
pub(super) mod verifier;

use super::case::{Case, Limit};
use super::claims::{SECRET, USER};
use super::source::Source;
use super::{DATABASE, load, scans};
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use pgrx_embed::{command, million_rows};
use postgres::{Client, Statement};
use std::time::Instant;
use verifier::Verifier;

/// The number of different tokens: far more than a backend remembers.
pub const COUNT: u32 = 5_000;

const PAIRS: usize = 15;

/// In one measurement, the number of verifications of a known token, and of point selects.
const KNOWN: u32 = 20_000;
const SELECTS: u32 = 1_000;

/// The user of the token with this number; number 7 is the measured user.
pub fn user(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// Measures all cases about tokens.
pub fn measure(cluster: &Cluster, claims: &str) -> Result<Vec<Case>> {
    let mut verifier = Verifier::start(cluster)?;
    sql::make(&mut cluster.connect("postgres", DATABASE)?, &verifier)?;
    let tokens = verifier.tokens("ES256")?;
    let place = (0..COUNT).position(|number| user(number) == USER);
    let token = place.and_then(|place| tokens.lines().nth(place));
    let token = token.ok_or_else(|| Error::new("the measured user has no token"))?;

    command::progress("measuring verification");
    let mut cases = Vec::new();
    for algorithm in ["RS256", "ES256", "EdDSA", "HS256"] {
        cases.push(outside(&mut verifier, algorithm)?);
    }
    let mut admin = cluster.connect("postgres", DATABASE)?;
    sql::revoke(&mut admin)?;
    for algorithm in ["ES256", "HS256"] {
        cases.push(inside(cluster, &mut verifier, algorithm)?);
    }
    sql::restore(&mut admin)?;
    command::progress("measuring an event until the next statement");
    cases.extend(events::denied(cluster, &verifier, claims)?);
    admin.batch_execute("truncate authguard.revocation, authguard.received_event")?;
    cases.extend(beside_sql(cluster, token)?);
    command::progress("measuring a verified token against gateway claims");
    cases.push(statement(cluster, token, claims)?);
    cases.push(load::sources(cluster, token, claims)?);
    cases.push(scans::sources(cluster, token, claims)?);
    Ok(cases)
}

/// Measures the crate `token` against the signature alone.
fn outside(verifier: &mut Verifier, algorithm: &str) -> Result<Case> {
    let limit = match algorithm {
        // The signature alone takes so little time that a ratio means nothing.
        "HS256" => Limit::Plus(3.0),
        _ => Limit::Times(1.25),
    };
    let verifier = std::cell::RefCell::new(verifier);
    Case::new(
        &format!("{algorithm}: a token verified by the pure crate"),
        "its signature by the library alone",
        "µs",
        Some(limit),
    )
    .pairs(
        PAIRS,
        || verifier.borrow_mut().cold(algorithm),
        || verifier.borrow_mut().raw(algorithm),
    )
}

/// Measures `auth.verify` of unknown tokens, less the cost of a call, against the crate `token`.
fn inside(cluster: &Cluster, verifier: &mut Verifier, algorithm: &str) -> Result<Case> {
    let table = sql::table(algorithm);
    let mut verify = Calls::new(
        cluster,
        &format!("select count(auth.verify(token)) from {table}"),
        COUNT,
    )?;
    let mut floor = Calls::new(
        cluster,
        &format!("select count(octet_length(token)) from {table}"),
        COUNT,
    )?;
    Case::new(
        &format!(
            "{algorithm}: auth.verify of a new token, 100,000 users revoked, without the call"
        ),
        "the pure crate",
        "µs",
        Some(Limit::Plus(5.0)),
    )
    .pairs(
        PAIRS,
        || Ok(verify.micros()? - floor.micros()?),
        || verifier.cold(algorithm),
    )
}

/// Measures against SQL and pgcrypto: unknown tokens, and a known one.
fn beside_sql(cluster: &Cluster, token: &str) -> Result<[Case; 3]> {
    let table = sql::table("HS256");
    let sql_verify = format!("select count(sql_verify(token, '{SECRET}')) from {table}");
    let mut by_sql = Calls::new(cluster, &sql_verify, COUNT)?;
    let mut case = |what, query: &str, calls, limit| {
        let mut ours = Calls::new(cluster, query, calls)?;
        Source::Token(token).set(&mut ours.client)?;
        Case::new(
            what,
            "SQL and pgcrypto, as pgjwt",
            "µs",
            Some(Limit::Times(limit)),
        )
        .pairs(PAIRS, || ours.micros(), || by_sql.micros())
    };
    Ok([
        case(
            "HS256: auth.verify of a new token",
            &format!("select count(auth.verify(token)) from {table}"),
            COUNT,
            0.25,
        )?,
        case(
            "auth.jwt() of the token that is set",
            "select count(auth.jwt()) from items",
            million_rows::ROWS,
            0.01,
        )?,
        case(
            "auth.verify of a known token",
            &format!("select count(auth.verify('{token}')) from generate_series(1, {KNOWN})"),
            KNOWN,
            0.01,
        )?,
    ])
}

/// Measures one statement of a session whose token is verified, against one with gateway claims.
fn statement(cluster: &Cluster, token: &str, claims: &str) -> Result<Case> {
    let mut verified = Selects::new(cluster, Source::Token(token))?;
    let mut gateway = Selects::new(cluster, Source::Claims(claims))?;
    Case::new(
        "point select with guard, a verified token in the session",
        "gateway claims in the session",
        "µs",
        Some(Limit::Times(1.05)),
    )
    .pairs(2 * PAIRS, || verified.micros(), || gateway.micros())
}

/// One statement that makes many calls.
struct Calls {
    client: Client,
    query: Statement,
    calls: u32,
}

impl Calls {
    fn new(cluster: &Cluster, query: &str, calls: u32) -> Result<Calls> {
        let mut client = cluster.connect("authenticator", DATABASE)?;
        client.batch_execute(
            "set jit = off; set max_parallel_workers_per_gather = 0; set role bench_open",
        )?;
        Ok(Calls {
            query: client.prepare(query)?,
            client,
            calls,
        })
    }

    /// The time of one call. Each call must return a value.
    fn micros(&mut self) -> Result<f64> {
        let start = Instant::now();
        let answered: i64 = self.client.query_one(&self.query, &[])?.get(0);
        let micros = start.elapsed().as_secs_f64() * 1e6;
        match answered == i64::from(self.calls) {
            true => Ok(micros / f64::from(self.calls)),
            false => Err(Error::new(format!(
                "{answered} of {} calls have answered",
                self.calls
            ))),
        }
    }
}

/// Many statements of one session, one row each.
struct Selects {
    client: Client,
    query: Statement,
}

impl Selects {
    fn new(cluster: &Cluster, source: Source) -> Result<Selects> {
        let mut client = cluster.connect("authenticator", DATABASE)?;
        client.batch_execute("set role bench_guard")?;
        source.set(&mut client)?;
        let query = client.prepare("select * from items where id = $1")?;
        Ok(Selects { client, query })
    }

    fn micros(&mut self) -> Result<f64> {
        let start = Instant::now();
        for id in 1..=SELECTS {
            let id = i32::try_from(id).unwrap_or(1);
            self.client.query_one(&self.query, &[&id])?;
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(SELECTS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_tokens_is_the_measured_users() {
        assert!((0..COUNT).any(|number| user(number) == USER));
    }
}
