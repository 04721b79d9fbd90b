//! `cargo embed bench`: what the checks cost, beside their alternatives, in one run.

mod case;
mod first_check;
mod load;
mod machine;
mod memory;
mod picture;
mod report;
mod scans;
pub mod setup;

use crate::cluster::{Cluster, Config};
use crate::error::{Context, Result};
use crate::postgres::DEFAULT_MAJOR;
use crate::{places, process, server};
use case::Case;
use memory::Memory;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const DATABASE: &str = "bench";

/// What one run found.
struct Run {
    machine: String,
    claims_bytes: usize,
    cases: Vec<Case>,
    memory: Memory,
}

/// Measures on a throw-away server, prints the table and writes the pages.
pub fn run(json: Option<&Path>) -> Result<()> {
    let install = server::built(DEFAULT_MAJOR)?;
    process::progress(format!("starting Postgres {}", install.version));
    let cluster = Cluster::create(&install, config())?;
    cluster.create_database(DATABASE)?;
    let mut admin = cluster.connect("postgres", DATABASE)?;
    admin.batch_execute("create role authenticator login noinherit")?;
    process::progress("making a million rows");
    setup::make(&mut admin)?;
    drop(admin);
    let found = measure(&cluster, machine::describe(&install))?;

    print!("{}", report::table(&found));
    let docs = places::checkout().join("docs");
    fs::write(docs.join("bench.md"), report::page(&found))?;
    fs::write(docs.join("bench.svg"), picture::draw(&found.cases))?;
    if let Some(file) = json {
        fs::write(file, report::json(&found))
            .context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn measure(cluster: &Cluster, machine: String) -> Result<Run> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let claims = setup::claims(now, false);
    process::progress("measuring memory");
    let memory = memory::measure(cluster, &claims)?;
    process::progress("measuring scans");
    let mut cases = scans::measure(cluster, &claims, 0)?;
    cases.push(scans::lookup(cluster, &setup::claims(now, true))?);
    process::progress("measuring parallel scans");
    cases.extend(scans::measure(cluster, &claims, 2)?);
    process::progress("measuring with pgbench");
    cases.push(load::quiet(cluster, &claims)?);
    cases.push(load::beside_writer(cluster, &claims)?);
    cases.push(first_check::measure(cluster, &claims)?);
    Ok(Run {
        machine,
        claims_bytes: claims.len(),
        cases,
        memory,
    })
}

/// As a server in use is set: durable, with its tables in memory. Nothing runs by itself meanwhile.
fn config() -> Config {
    Config::default()
        .durable()
        .set("shared_buffers", "1GB")
        .set("max_wal_size", "16GB")
        .set("checkpoint_timeout", "1h")
        .set("autovacuum", "off")
}
