//! From an event of an identity provider to the next statement, which is denied, against an operator
//! who revokes the session, and a verification.

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
const SESSIONS: u32 = 100;

/// An event in `$1` ends the session.
const EVENT: &str = "select action = 'session_ended' and session = $2 and $3 <> ''
                       from authguard.receive_event($1)";

/// An operator ends the session, and the token in `$1` is verified.
const REVOKE: &str =
    "select authguard.revoke_session($2, null, $3) and auth.verify($1) is not null";

/// Measures both ways.
pub fn denied(cluster: &Cluster, verifier: &Verifier, claims: &str) -> Result<Case> {
    let mut event = Ended::new(cluster, EVENT, &verifier.events()?, claims, 0)?;
    let mut revoke = Ended::new(cluster, REVOKE, &verifier.tokens("ES256")?, claims, 1)?;
    Case::new(
        "ES256: from an event to the next statement, which is denied",
        "from revoke_session and auth.verify of a new token",
        "µs",
        Some(Limit::Times(1.1)),
    )
    .pairs(PAIRS, || event.micros(), || revoke.micros())
}

/// Sessions that end one by one, and a client that has the session which ends next.
struct Ended<'a> {
    caller: Client,
    end: Statement,
    tokens: Vec<String>,
    client: Client,
    select: Statement,
    claims: &'a str,
    number: u32,
}

impl<'a> Ended<'a> {
    /// `tokens` are one a line. Every other session ends here, from number `first` on.
    fn new(
        cluster: &Cluster,
        end: &str,
        tokens: &str,
        claims: &'a str,
        first: u32,
    ) -> Result<Self> {
        let mut caller = cluster.connect("postgres", DATABASE)?;
        let mut client = cluster.connect("authenticator", DATABASE)?;
        client.batch_execute("set role bench_guard")?;
        Ok(Ended {
            end: caller.prepare(end)?,
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
            let ended = self
                .caller
                .query_one(&self.end, &[token, &session, &ISSUER])?;
            let denied = self.client.query(&self.select, &[])?;
            micros += start.elapsed().as_secs_f64() * 1e6;

            if read != 1 || !ended.get::<_, bool>(0) || !denied.is_empty() {
                return Err(Error::new("a session did not end between two statements"));
            }
            self.number += 2;
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
        assert!(2 * u32::try_from(PAIRS).unwrap() * SESSIONS <= COUNT);
    }
}
