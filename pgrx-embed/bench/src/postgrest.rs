//! wrk: GET requests of one row by key through PostgREST, with the guard and without.

use super::DATABASE;
use super::case::{Case, Limit};
use super::claims::{ISSUER, OWN_ISSUER, SESSION};
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use pgrx_embed::sidecar::Sidecar;
use pgrx_embed::{clients, command, million_rows, packages};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The number of pairs of runs: many short ones, as with pgbench.
const PAIRS: usize = 27;
const SECONDS: &str = "1";
const CONNECTIONS: &str = "4";

/// The limit for a guarded request: 0.97 of the requests a second.
const LIMIT: f64 = 1.0 / 0.97;

/// Fetches the programs that the measurement needs, before anything is measured.
pub fn prepare() -> Result<()> {
    packages::ensure_wrk()?;
    clients::postgrest().map(drop)
}

/// Measures the time of a request of a role with the guard, against one without.
pub fn measure(cluster: &Cluster, claims: &str) -> Result<Case> {
    command::progress("measuring with PostgREST");
    let mut admin = cluster.connect("postgres", DATABASE)?;
    admin.execute("select authguard.rotate_signing_key()", &[])?;
    // Nothing is signed for a role that its issuer may not assert.
    let allow = "update authguard.issuer set roles = '{bench_guard, bench_open}'
                  where issuer = 'authguard'";
    admin.execute(allow, &[])?;
    let keys: String = admin.query_one("select auth.jwks()::text", &[])?.get(0);
    let file = cluster.dir().join("jwks.json");
    fs::write(&file, keys)?;
    let conf = format!(
        "db-schemas = \"public\"\njwt-secret = \"@{}\"\njwt-cache-max-lifetime = 3600\n",
        file.display()
    );
    let gateway = Sidecar::postgrest(cluster, "authenticator", DATABASE, &conf)?;
    // The local issuer signs in its own name. A session would have to be in its table.
    let session = format!(r#","session_id":"{}""#, SESSION);
    let claims = claims.replace(ISSUER, OWN_ISSUER).replace(&session, "");
    let mut requests = |role: &str| -> Result<Requests> {
        let claims = claims.replace(r#""role":"authenticated""#, &format!(r#""role":"{role}""#));
        let sign = "select authguard.sign(cast($1::text as jsonb))";
        let token: String = admin.query_one(sign, &[&claims])?.get(0);
        Requests::new(cluster.dir(), role, gateway.port(), &token)
    };
    let (guarded, open) = (requests("bench_guard")?, requests("bench_open")?);
    Case::new(
        "a request through PostgREST, GET of one row by key, with guard",
        "the same without guard",
        "µs",
        Some(Limit::Times(LIMIT)),
    )
    .pairs(PAIRS, || guarded.micros(), || open.micros())
}

/// Requests with one token.
struct Requests {
    script: PathBuf,
    port: u16,
}

impl Requests {
    fn new(dir: &Path, role: &str, port: u16, token: &str) -> Result<Requests> {
        let answer = get(port, "/items?id=eq.7", token)?;
        if !answer.contains(r#""body":"row 7""#) {
            return Err(Error::new(format!(
                "PostgREST shows {role} no row:\n{answer}"
            )));
        }
        let script = dir.join(format!("{role}.lua"));
        let text = format!(
            "wrk.headers[\"Authorization\"] = \"Bearer {token}\"\n\
             request = function()\n  \
               return wrk.format(\"GET\", \"/items?id=eq.\" .. math.random({}))\n\
             end\n",
            million_rows::ROWS
        );
        fs::write(&script, text)?;
        Ok(Requests { script, port })
    }

    /// Microseconds for one request: a second divided by the number of requests in it.
    fn micros(&self) -> Result<f64> {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t", "1", "-c", CONNECTIONS, "-d", SECONDS, "-s"]);
        wrk.arg(&self.script);
        wrk.arg(format!("http://127.0.0.1:{}", self.port));
        let told = command::capture(&mut wrk)?;
        micros(&told).ok_or_else(|| Error::new(format!("wrk told of no good run:\n{told}")))
    }
}

/// Reads `Requests/sec:   2000.50`; `None` if a request failed.
fn micros(told: &str) -> Option<f64> {
    if told.contains("Non-2xx") || told.contains("Socket errors") {
        return None;
    }
    let rate = told
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))?;
    let rate: f64 = rate.trim().parse().ok()?;
    Some(1e6 / rate)
}

/// The response to one request.
fn get(port: u16, path: &str, token: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_run_has_a_rate() {
        let good = "Running 2s test\n\nRequests/sec:   2000.00\nTransfer/sec:    1.00MB\n";
        assert!((micros(good).unwrap() - 500.0).abs() < 1e-9);
        assert_eq!(
            micros(&format!("  Non-2xx or 3xx responses: 1\n{good}")),
            None
        );
        assert_eq!(micros("Requests/sec: none"), None);
    }
}
