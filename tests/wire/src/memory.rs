//! Backends whose memory is limited from outside, as `ulimit -v` or a full machine does it.

use crate::{admin, backend};
use pgrx_embed::cluster::Cluster;
use postgres::Client;

/// Limits the address spaces of backends. The server's own user must do that, so it is asked to.
pub struct Limits(Client);

impl Limits {
    /// The limits of a server's backends.
    pub fn of(cluster: &Cluster) -> Self {
        let mut admin = admin(cluster);
        let table = "create temp table said (line text)";
        admin.batch_execute(table).expect("a table is made");
        Self(admin)
    }

    /// Limits the backend of a client to `spare` bytes more than it has now. Returns its pid.
    pub fn leave(&mut self, client: &mut Client, spare: u64) -> i32 {
        let pid = backend(client);
        self.set(pid, &(address_space(pid) + spare).to_string());
        pid
    }

    /// Takes the limit away.
    pub fn lift(&mut self, pid: i32) {
        self.set(pid, "unlimited");
    }

    /// Sets the soft limit, which may be raised again.
    fn set(&mut self, pid: i32, size: &str) {
        let set = format!("copy said from program 'prlimit --pid={pid} --as={size}:'");
        self.0.batch_execute(&set).expect("the limit is set");
    }
}

/// The size of a process's address space in bytes.
pub fn address_space(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmSize:"))
        .expect("its size");
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}
