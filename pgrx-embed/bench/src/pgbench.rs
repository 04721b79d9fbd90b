//! Running pgbench and reading its output.

use pgrx_embed::cluster::Cluster;
use pgrx_embed::command;
use pgrx_embed::error::{Error, Result};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A script in a file, with the server, database and role that it runs with.
pub struct Script<'a> {
    pub cluster: &'a Cluster,
    pub database: &'a str,
    pub user: &'a str,
    file: PathBuf,
    /// The variables of the script.
    variables: Vec<String>,
    /// The length of a run in seconds.
    seconds: u32,
    /// True if each transaction has a connection of its own.
    connects: bool,
}

impl<'a> Script<'a> {
    pub fn new(
        cluster: &'a Cluster,
        database: &'a str,
        user: &'a str,
        script: &str,
    ) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = cluster.dir().join(format!("script-{count}.sql"));
        fs::write(&file, script)?;
        Ok(Script {
            cluster,
            database,
            user,
            file,
            variables: Vec::new(),
            seconds: 1,
            connects: false,
        })
    }

    /// Gives a variable of the script its value.
    pub fn define(mut self, name: &str, value: &str) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    /// Makes a run longer than a second, so that work that each connection does once weighs little.
    pub fn lasting(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Gives each transaction a connection of its own.
    pub fn connecting(mut self) -> Self {
        self.connects = true;
        self
    }

    /// Microseconds from one commit to the next, over all of these clients together, in one run.
    pub fn micros(&self, clients: usize) -> Result<f64> {
        let mut pgbench = self.cluster.client_command("pgbench", self.database);
        pgbench.args(["-n", "-M", "prepared", "-U", self.user]);
        pgbench.args(["-T", &self.seconds.to_string()]);
        pgbench.args(["-c", &clients.to_string()]);
        if self.connects {
            pgbench.arg("-C");
        }
        for variable in &self.variables {
            pgbench.arg("-D").arg(variable);
        }
        pgbench.arg("-f").arg(&self.file).arg(self.database);
        let told = command::capture(&mut pgbench)?;
        micros(&told).ok_or_else(|| Error::new(format!("pgbench told no rate:\n{told}")))
    }
}

/// Reads `tps = 1234.5 (without initial connection time)`, which has more digits than the line of
/// the latency.
fn micros(told: &str) -> Option<f64> {
    let tps = told.lines().find_map(|line| line.strip_prefix("tps = "))?;
    let tps: f64 = tps.split(' ').next()?.parse().ok()?;
    Some(1e6 / tps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_from_the_rate() {
        let told = "latency average = 0.250 ms\ntps = 4000.0 (without initial connection time)\n";
        assert!((micros(told).unwrap() - 250.0).abs() < 1e-9);
        assert_eq!(micros("tps = none"), None);
    }
}
