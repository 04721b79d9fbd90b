//! A running server seen from outside: found through its data directory, stopped through its pid.

use crate::error::{Error, Result};
use crate::{procfs, unix};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The time that a fast shutdown may take before the server is killed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pid of the postmaster that runs on this data directory.
///
/// A pid file outlives a crash, and its number may then belong to another process. So this checks
/// the working directory, which for a postmaster is its data directory.
pub fn pid(data: &Path) -> Option<i32> {
    let told = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = told.lines().next()?.trim().parse().ok()?;
    is_in(pid, data).then_some(pid)
}

/// Shuts the server down and waits until it is gone. If no server runs, this succeeds.
pub fn stop(data: &Path) -> Result<()> {
    let Some(pid) = pid(data) else { return Ok(()) };
    // SIGINT is the fast shutdown of Postgres: it disconnects clients and writes the data.
    unix::send(pid, libc::SIGINT);
    if procfs::wait_while(|| is_in(pid, data), PATIENCE) {
        return Ok(());
    }
    kill(data);
    match procfs::wait_while(|| is_in(pid, data), PATIENCE) {
        true => Ok(()),
        false => Err(Error::new(format!(
            "the server with pid {pid} does not end"
        ))),
    }
}

/// Kills the postmaster and all its processes at once, as a crash of the machine would.
pub fn kill(data: &Path) {
    let Some(pid) = pid(data) else { return };
    let children = procfs::children(pid);
    unix::send(pid, libc::SIGKILL);
    for &child in &children {
        unix::send(child, libc::SIGKILL);
    }
    let still_there = || children.iter().any(|&child| is_in(child, data));
    procfs::wait_while(still_there, PATIENCE);
}

/// Returns true if the process works in this directory. A process that has ended and was not waited
/// for has no working directory, so it counts as gone.
fn is_in(pid: i32, data: &Path) -> bool {
    let at = fs::read_link(format!("/proc/{pid}/cwd"));
    let data = data.canonicalize();
    matches!((at, data), (Ok(at), Ok(data)) if at == data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_of_another_process_is_no_server() {
        let data = std::env::temp_dir().join(format!("embed-pid-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        fs::write(
            data.join("postmaster.pid"),
            format!("{}\n", std::process::id()),
        )
        .unwrap();
        assert_eq!(pid(&data), None);
        stop(&data).unwrap();
        fs::remove_dir_all(&data).unwrap();
    }
}
