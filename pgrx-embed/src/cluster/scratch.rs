//! Throw-away directories, each named for the process that uses it. If a process leaves one behind,
//! the next process removes it.

use crate::error::{Error, Result};
use crate::postgres::Install;
use crate::{dirs, postmaster, procfs};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Ends the server of a directory, without a checkpoint, and removes all its files.
pub fn remove(dir: &Path) {
    if let Some(postmaster) = postmaster::pid(&dir.join("data")) {
        procfs::quit(postmaster);
    }
    // A program that is ending may still write or remove files there.
    let still_there = || fs::remove_dir_all(dir).is_err() && dir.exists();
    procfs::wait_while(still_there, Duration::from_secs(5));
}

/// A fresh directory name for a throw-away server. The name tells which process uses it. Servers of
/// tests are in memory, servers that are measured are on disk. No test can tell the two apart:
/// tests kill processes, and what those have written to files survives in both places.
pub(super) fn fresh(install: &Install) -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    sweep()?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let place = match install.template {
        Some(_) => dirs::scratch()?,
        None => dirs::run()?,
    };
    Ok(place.join(format!("test-{}-{count}", std::process::id())))
}

/// A free port, a different one at each call. It is below the range that the kernel gives to
/// clients: a client could otherwise take the port of a server that restarts.
pub(super) fn port() -> Result<u16> {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let first = block()?;
    (0..PORTS)
        .map(|_| first + COUNT.fetch_add(1, Ordering::Relaxed) % PORTS)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .ok_or_else(|| Error::new("no free port is left"))
}

const FIRST_PORT: u16 = 20_000;
const BLOCKS: u16 = 20;
const PORTS: u16 = 500;

/// The first of a block of ports that this process reserves until it ends. No other process may
/// take a port between the choice of it and the start of listening, or while a server restarts.
fn block() -> Result<u16> {
    static OWN: Mutex<Option<(u16, File)>> = Mutex::new(None);
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((first, _)) = &*own {
        return Ok(*first);
    }
    for number in 0..BLOCKS {
        let file = File::create(dirs::run()?.join(format!("ports-{number}.lock")))?;
        if file.try_lock().is_ok() {
            let first = FIRST_PORT + number * PORTS;
            *own = Some((first, file));
            return Ok(first);
        }
    }
    Err(Error::new(
        "too many runs at the same time: no ports are left",
    ))
}

/// Removes throw-away servers that ended processes have left behind.
pub fn sweep() -> Result<()> {
    let mut places = vec![dirs::run()?, dirs::scratch()?];
    places.dedup();
    let entries = places.iter().map(fs::read_dir);
    for entry in entries
        .collect::<std::io::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
    {
        let entry = entry?;
        let owner = owner(&entry.file_name().to_string_lossy());
        if owner.is_some_and(|pid| !procfs::is_alive(pid)) {
            remove(&entry.path());
        }
    }
    Ok(())
}

fn owner(name: &str) -> Option<i32> {
    name.strip_prefix("test-")?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_throw_away_servers_have_an_owner() {
        assert_eq!(owner("test-123-4"), Some(123));
        assert_eq!(owner("54315"), None);
    }
}
