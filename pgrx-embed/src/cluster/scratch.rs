//! Throw-away directories: named for the process that uses them, removed at the latest by the next.

use crate::error::{Error, Result};
use crate::{dirs, postmaster, procfs};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Stops the server of a directory and removes all its files.
pub fn remove(dir: &Path) {
    if let Err(error) = postmaster::stop(&dir.join("data")) {
        eprintln!("{error}");
    }
    // A program that is ending may still write or remove files there.
    let still_there = || fs::remove_dir_all(dir).is_err() && dir.exists();
    procfs::wait_while(still_there, Duration::from_secs(5));
}

/// A fresh name for a throw-away server, which tells whose it is.
pub(super) fn fresh() -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    sweep()?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(dirs::run()?.join(format!("test-{}-{count}", std::process::id())))
}

/// A free port, another one at each call. It is below the range that the kernel gives to clients:
/// one of those could take the port of a server that restarts.
pub(super) fn port() -> Result<u16> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(20);
    (0..PORTS)
        .map(|_| first.wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed)) % PORTS)
        .filter_map(|offset| u16::try_from(FIRST_PORT + offset).ok())
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .ok_or_else(|| Error::new("no free port is left"))
}

const FIRST_PORT: u32 = 20_000;
const PORTS: u32 = 10_000;

/// Removes the throw-away servers of processes that ended before they could.
pub fn sweep() -> Result<()> {
    for entry in fs::read_dir(dirs::run()?)? {
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
