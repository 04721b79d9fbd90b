//! The cost of the check on a million rows, compared with what teams write instead.

use super::people::Token;
use crate::error::Result;
use crate::instances::Running;
use crate::{command, million_rows};
use anstream::println;
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;

/// Roles, each with what its policy checks on every row.
const WAYS: [(&str, &str); 5] = [
    ("bench_open", "no check at all"),
    (
        "bench_constant",
        "not pg_is_in_recovery(), the floor of any check",
    ),
    ("bench_guard", "not auth.is_revoked()"),
    ("bench_sql", "sb_uid() is not null, the usual SQL function"),
    (
        "bench_lookup",
        "not jti_revoked(), a SECURITY DEFINER look-up",
    ),
];

/// Prints the medians of `select count(*)`, measured in turn.
pub fn tell(server: &Running, token: &Token) -> Result<()> {
    command::progress("making a million rows");
    let mut admin = server.connect("postgres")?;
    million_rows::make(&mut admin)?;
    drop(admin);
    command::progress("measuring");
    let mut gateway = server.connect("authenticator")?;
    gateway.batch_execute("set max_parallel_workers_per_gather = 0; set jit = off")?;
    gateway.execute(
        "select set_config('request.jwt.claims', $1, false)",
        &[&token.claims],
    )?;
    let mut times = vec![Vec::new(); WAYS.len()];
    for _ in 0..ROUNDS {
        for ((role, _), times) in WAYS.iter().zip(&mut times) {
            gateway.batch_execute(&format!("set role {role}"))?;
            let start = Instant::now();
            gateway.query_one("select count(*) from items", &[])?;
            times.push(start.elapsed());
        }
    }
    println!(
        "\nselect count(*) from a table of 1,000,000 rows, median of {ROUNDS}, by what the policy asks of each row:"
    );
    let medians: Vec<Duration> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[ROUNDS / 2]
        })
        .collect();
    for ((_, what), median) in WAYS.iter().zip(&medians) {
        println!(
            "    {what:<48} {:>7.0} ms   {:>6.1} ns a row more than none",
            median.as_secs_f64() * 1e3,
            (median.as_secs_f64() - medians[0].as_secs_f64()) * 1e3
        );
    }
    Ok(())
}
