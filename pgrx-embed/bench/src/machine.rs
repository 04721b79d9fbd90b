//! The machine that the figures were measured on.

use pgrx_embed::postgres::Install;
use std::fs;

/// Processor, cores, memory and Postgres in one line.
pub fn describe(install: &Install) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|told| told.split(' ').next()?.parse::<u64>().ok())
        .map_or("unknown".into(), |kib| (kib / 1024 / 1024).to_string());
    let processor = field("/proc/cpuinfo", "model name").unwrap_or("unknown processor".into());
    format!(
        "{processor}, {cores} cores, {memory} GiB of memory, {}, Postgres {}",
        std::env::consts::OS,
        install.version
    )
}

fn field(file: &str, name: &str) -> Option<String> {
    let told = fs::read_to_string(file).ok()?;
    let line = told.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
