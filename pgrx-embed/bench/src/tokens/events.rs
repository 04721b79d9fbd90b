//! From an event of an identity provider to the next statement, which is denied, against an
//! operator who revokes the session, and a verification.

use super::PAIRS;
use super::verifier::Verifier;
use crate::DATABASE;
use crate::case::{Case, Limit};
use crate::claims::{self, ISSUER};
use crate::source::Source;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use postgres::{Client, Statement};
use std::time::Instant;

/// The number of sessions that end in one measurement.
const SESSIONS: u32 = 80;

/// The number of series of measurements. Each has sessions of its own.
const SERIES: u32 = 4;

/// An event in `$1` ends the session.
const EVENT: &[&str] = &[
    "select action = 'session_ended' and session = $2 and $3 <> ''
                            from authguard.receive_event($1)",
];

/// A token in `$1` is verified, and an operator ends the session, by statements of their own.
const REVOKE: &[&str] = &[
    "select auth.verify($1) is not null and $2 <> $3",
    "select authguard.revoke_session($2, null, $3) and $1 <> ''",
];

/// The same by one statement.
const REVOKE_AT_ONCE: &[&str] =
    &["select auth.verify($1) is not null and authguard.revoke_session($2, null, $3)"];

/// Measures an event against both ways.
pub fn denied(cluster: &Cluster, verifier: &Verifier, claims: &str) -> Result<[Case; 2]> {
    let (events, tokens) = (verifier.events()?, verifier.tokens("ES256")?);
    let case = |against, sql, first, limit| {
        let mut event = Ended::new(cluster, EVENT, &events, claims, first)?;
        let mut revoke = Ended::new(cluster, sql, &tokens, claims, first + 1)?;
        let what = "ES256: from an event to the next statement, which is denied";
        Case::new(what, against, "µs", limit).pairs(PAIRS, || event.micros(), || revoke.micros())
    };
    let limit = Some(Limit::Times(1.1));
    Ok([
        case(
            "from auth.verify of a new token and revoke_session",
            REVOKE,
            0,
            limit,
        )?,
        case("from both in one statement", REVOKE_AT_ONCE, 2, None)?,
    ])
}

/// Sessions that end one by one, and a client that has the session which ends next.
struct Ended<'a> {
    caller: Client,
    end: Vec<Statement>,
    tokens: Vec<String>,
    client: Client,
    select: Statement,
    claims: &'a str,
    number: u32,
}

impl<'a> Ended<'a> {
    /// `sql` ends a session. `tokens` are one a line; the first that is used has number `first`.
    fn new(
        cluster: &Cluster,
        sql: &[&str],
        tokens: &str,
        claims: &'a str,
        first: u32,
    ) -> Result<Self> {
        let mut caller = cluster.connect("postgres", DATABASE)?;
        let mut client = cluster.connect("authenticator", DATABASE)?;
        client.batch_execute("set role bench_guard")?;
        let end = sql.iter().map(|sql| caller.prepare(sql));
        Ok(Ended {
            end: end.collect::<std::result::Result<_, _>>()?,
            caller,
            tokens: tokens.lines().map(str::to_owned).collect(),
            select: client.prepare("select * from items where id = 1")?,
            client,
            claims,
            number: first,
        })
    }

    /// The time from the end of a session to the end of the client's next statement.
    fn micros(&mut self) -> Result<f64> {
        let mut micros = 0.0;
        for _ in 0..SESSIONS {
            let session = claims::session(self.number);
            let claims = self.claims.replace(claims::SESSION, &session);
            Source::Claims(&claims).set(&mut self.client)?;
            let read = self.client.query(&self.select, &[])?.len();
            let token = usize::try_from(self.number)
                .ok()
                .and_then(|at| self.tokens.get(at));
            let token = token.ok_or_else(|| Error::new("there are too few tokens"))?;

            let start = Instant::now();
            let mut has_ended = true;
            for end in &self.end {
                let row = self.caller.query_one(end, &[token, &session, &ISSUER])?;
                has_ended &= row.get::<_, bool>(0);
            }
            let denied = self.client.query(&self.select, &[])?;
            micros += start.elapsed().as_secs_f64() * 1e6;

            if read != 1 || !has_ended || !denied.is_empty() {
                return Err(Error::new("a session did not end between two statements"));
            }
            self.number += SERIES;
        }
        Ok(micros / f64::from(SESSIONS))
    }
}

#[cfg(test)]
mod tests {
    use super::super::COUNT;
    use super::*;

    #[test]
    fn there_are_tokens_for_all_sessions() {
        assert!(SERIES * u32::try_from(PAIRS).unwrap() * SESSIONS <= COUNT);
    }
}
