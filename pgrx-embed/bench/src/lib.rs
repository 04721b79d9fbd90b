//! `cargo embed bench`: the cost of the checks, compared with their alternatives, in one run.

mod adopted;
mod case;
mod chart;
pub mod claims;
mod connections;
mod cost;
mod first_check;
mod linters;
mod load;
mod machine;
mod memory;
mod pgbench;
mod policies;
mod policy_tools;
mod postgrest;
mod report;
mod scans;
mod sessions;
mod source;
pub mod tokens;

use case::Case;
use clap::ValueEnum;
use memory::Memory;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::error::{Context, Result};
use pgrx_embed::postgres::DEFAULT_MAJOR;
use pgrx_embed::{command, dirs, million_rows, server};
use policies::Bar;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const DATABASE: &str = "bench";

/// The findings of one run.
struct Run {
    machine: String,
    claims_bytes: usize,
    cases: Vec<Case>,
    memory: Option<Memory>,
    bars: Vec<Bar>,
}

/// Cases that are measured together, and that can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Group {
    /// Memory of a backend, which must stay flat
    Memory,
    /// What a policy costs for a million rows: the picture docs/cost.svg
    Policies,
    /// Scans of a million rows
    Scans,
    /// The same scans by parallel workers
    Parallel,
    /// Transactions as a gateway sends them
    Pgbench,
    /// The first statement of a new connection, by each way to load the library
    Connections,
    /// The first check after another backend's revocation
    FirstCheck,
    /// Policies of Supabase's shape, with Supabase's functions and after adoption
    Adopt,
    /// Verification, and verified tokens against gateway claims
    Tokens,
    /// Requests through PostgREST
    Postgrest,
    /// Signing in and refreshing, and checks beside many sessions
    Sessions,
    /// Lint, coverage, explain_access and the matrix, and what denial hints cost while they are off
    PolicyTools,
    /// What lint, pgrls and splinter find in the schemas of tests/lint: the table in
    /// docs/policies.md
    Linters,
}

/// Measures one group or everything on a throw-away server, and prints the table. Only a whole run
/// writes the pages; the picture of what a policy costs is written whenever that was measured.
pub fn run(group: Option<Group>, json: Option<&Path>) -> Result<()> {
    let groups = group.map_or(Group::value_variants().to_vec(), |group| vec![group]);
    if groups.contains(&Group::Postgrest) {
        postgrest::prepare()?;
    }
    let install = server::built(DEFAULT_MAJOR)?;
    if groups == [Group::Linters] {
        print!("{}", linters::compare(&install)?);
        return Ok(());
    }
    command::progress(format!("starting Postgres {}", install.version));
    let cluster = Cluster::create(&install, config())?;
    command::progress("making a million rows");
    fill(&cluster)?;
    let found = measure(&cluster, &groups, machine::describe(&install))?;

    print!("{}", report::table(&found));
    let docs = dirs::checkout().join("docs");
    if !found.bars.is_empty() {
        let picture = cost::draw(&found.bars, &found.machine);
        fs::write(docs.join("cost.svg"), picture)?;
    }
    if group.is_none() {
        fs::write(docs.join("bench.md"), report::page(&found))?;
        fs::write(docs.join("bench.svg"), chart::draw(&found.cases))?;
    }
    if let Some(file) = json {
        fs::write(file, report::json(&found))
            .context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Makes the database with the measured table and its roles.
fn fill(cluster: &Cluster) -> Result<()> {
    cluster.create_database(DATABASE)?;
    let mut admin = cluster.connect("postgres", DATABASE)?;
    admin.batch_execute("create role authenticator login noinherit")?;
    million_rows::make(&mut admin)
}

fn measure(cluster: &Cluster, groups: &[Group], machine: String) -> Result<Run> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let claims = claims::measured(now, false);
    let mut run = Run {
        machine,
        claims_bytes: claims.len(),
        cases: Vec::new(),
        memory: None,
        bars: Vec::new(),
    };
    for group in groups {
        let before = run.cases.len();
        match group {
            Group::Memory => {
                command::progress("measuring memory");
                run.memory = Some(memory::measure(cluster, &claims)?);
            }
            Group::Policies => {
                command::progress("measuring policies");
                let (cases, bars) = policies::measure(cluster, &claims::measured(now, true))?;
                run.cases.extend(cases);
                run.bars = bars;
            }
            Group::Scans => {
                command::progress("measuring scans");
                run.cases.extend(scans::measure(cluster, &claims, 0)?);
                let with_jti = claims::measured(now, true);
                run.cases.push(scans::lookup(cluster, &with_jti)?);
            }
            Group::Parallel => {
                command::progress("measuring parallel scans");
                let config = config().set("shared_preload_libraries", "authguard");
                let preloaded = Cluster::create(cluster.install(), config)?;
                fill(&preloaded)?;
                run.cases.extend(scans::measure(&preloaded, &claims, 2)?);
            }
            Group::Pgbench => {
                command::progress("measuring with pgbench");
                run.cases.extend(load::quiet(cluster, &claims)?);
                run.cases.push(load::beside_writer(cluster, &claims)?);
            }
            Group::Connections => {
                run.cases
                    .extend(connections::measure(cluster.install(), &config(), &claims)?)
            }
            Group::FirstCheck => run.cases.push(first_check::measure(cluster, &claims)?),
            Group::Adopt => {
                command::progress("measuring an adopted schema");
                run.cases.extend(adopted::measure(cluster)?);
            }
            Group::Tokens => run.cases.extend(tokens::measure(cluster, &claims)?),
            Group::Postgrest => run.cases.push(postgrest::measure(cluster, &claims)?),
            Group::Sessions => run.cases.extend(sessions::measure(cluster, now)?),
            Group::PolicyTools => run.cases.extend(policy_tools::measure(cluster)?),
            // It is no measurement, so it is no part of a whole run.
            Group::Linters => {}
        }
        // As they come, so that a long run that ends early leaves what it has measured.
        for case in &run.cases[before..] {
            command::progress(report::lines(case));
        }
    }
    Ok(run)
}

/// The settings of a server in use: durable, with its tables in memory. No background job runs
/// during a measurement.
fn config() -> Config {
    Config::default()
        .durable()
        .set("shared_buffers", "1GB")
        .set("max_wal_size", "16GB")
        .set("checkpoint_timeout", "1h")
        .set("autovacuum", "off")
}
