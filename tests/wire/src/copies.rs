//! A copy of the database by pg_dump and psql.

use crate::admin;
use pgrx_embed::cluster::Cluster;

/// The dump of database `wire`, as SQL.
pub fn dumped(cluster: &Cluster) -> String {
    let dump = cluster.client_command("pg_dump", "wire").output().unwrap();
    assert!(dump.status.success());
    String::from_utf8(dump.stdout).unwrap()
}

/// Restores a dump as database `copy`.
pub fn restore(cluster: &Cluster, dump: &str) {
    let file = cluster.dir().join("dump.sql");
    std::fs::write(&file, dump).unwrap();
    admin(cluster)
        .batch_execute("create database copy")
        .unwrap();
    let restored = cluster
        .client_command("psql", "copy")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&restored.stderr);
    assert!(restored.status.success(), "{told}");
}
