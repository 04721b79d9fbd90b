//! Killing processes of a server in the middle of their work, and the server's recovery.

use crate::{backend, wait_until};
use pgrx_embed::cluster::Cluster;
use postgres::Client;
use std::process::Command;
use std::time::Duration;

/// A time below 20 ms, different in each round.
pub fn moment(round: u64) -> Duration {
    let mixed = (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    Duration::from_micros(mixed % 20_000)
}

/// A client's backend that will be killed while the client waits for it.
pub struct Victim<'c> {
    cluster: &'c Cluster,
    pid: i32,
    checkpointer: i32,
}

impl<'c> Victim<'c> {
    /// The backend of `client`.
    pub fn of(cluster: &'c Cluster, client: &mut Client) -> Self {
        Self {
            cluster,
            pid: backend(client),
            checkpointer: checkpointer(cluster).expect("the server runs"),
        }
    }

    /// Kills the backend (SIGKILL). The server then ends all other backends and recovers; this
    /// waits until it has recovered.
    pub fn kill(self) {
        let killed = Command::new("kill")
            .args(["-9", &self.pid.to_string()])
            .status();
        assert!(killed.expect("there is such a program").success());
        let recovered = || checkpointer(self.cluster).is_some_and(|pid| pid != self.checkpointer);
        wait_until(recovered, "the server recovers");
    }
}

/// The pid of the checkpointer, which a recovery replaces.
fn checkpointer(cluster: &Cluster) -> Option<i32> {
    let sql = "select pid from pg_stat_activity where backend_type = 'checkpointer'";
    let row = cluster
        .connect("postgres", "wire")
        .ok()?
        .query_one(sql, &[]);
    row.ok().map(|row| row.get(0))
}
