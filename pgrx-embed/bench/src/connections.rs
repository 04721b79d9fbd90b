//! The first statement of a new connection: pgbench connects for each transaction.

use super::DATABASE;
use super::case::{Case, Limit};
use super::load;
use super::pgbench::Script;
use super::source::Source;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::command;
use pgrx_embed::error::Result;
use pgrx_embed::postgres::Install;

/// Runs of a second, as many as it takes until the ratio is known.
const PAIRS: usize = 15;
const MOST_PAIRS: usize = 75;

/// The ways to load the library, with the limit of each.
const LOADED: [(&str, &str, f64); 3] = [
    ("loaded by its first call", "", 1_000.0),
    ("preloaded", "shared_preload_libraries", 350.0),
    (
        "preloaded for each session",
        "session_preload_libraries",
        1_000.0,
    ),
];

/// Measures a connection with one guarded select, against one in a server that has not loaded the
/// library and whose table has no check; and against that the function that Supabase's projects
/// use.
pub fn measure(install: &Install, config: &Config, claims: &str) -> Result<Vec<Case>> {
    command::progress("measuring new connections");
    let servers = LOADED
        .iter()
        .map(|(_, setting, _)| server(install, config, setting))
        .collect::<Result<Vec<_>>>()?;
    let claims = Source::Claims(claims);
    let script = |cluster, role| -> Result<Script> {
        Ok(load::script(cluster, DATABASE, role, claims, load::SAME)?.connecting())
    };
    let plain = script(&servers[0], "bench_open")?;
    let case = |what: &str, limit, side: &Script| {
        let what = format!("a connection with one select, {what}");
        Case::new(&what, "no check, library not loaded", "µs", limit).steady(
            PAIRS,
            MOST_PAIRS,
            || side.micros(1),
            || plain.micros(1),
        )
    };
    let mut cases = Vec::new();
    for ((way, _, limit), cluster) in LOADED.iter().zip(&servers) {
        let guarded = script(cluster, "bench_guard")?;
        let what = format!("guard, {way}");
        cases.push(case(&what, Some(Limit::Plus(*limit)), &guarded)?);
    }
    let supabase = script(&servers[0], "bench_sql")?;
    cases.push(case(
        "Supabase-style sb_uid() is not null",
        None,
        &supabase,
    )?);
    Ok(cases)
}

/// A server with the measured table, which loads the library as `setting` says.
fn server(install: &Install, config: &Config, setting: &str) -> Result<Cluster> {
    let config = match setting {
        "" => config.clone(),
        setting => config.clone().set(setting, "authguard"),
    };
    let cluster = Cluster::create(install, config)?;
    super::fill(&cluster)?;
    Ok(cluster)
}
