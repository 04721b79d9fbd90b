//! Commits that wait for a standby: as those do that somebody makes slow, with all their locks.

use crate::{admin, backend, wait_until};
use pgrx_embed::cluster::Cluster;

/// Makes commits wait for a standby that never comes, from here on.
pub fn hold(cluster: &Cluster) {
    name_standbys(cluster, "nobody");
    // The checkpointer is the process that puts the setting into effect.
    let write = "select pg_logical_emit_message(true, 'held', '')";
    wait_until(
        || wait(cluster, "on", write),
        "commits wait for the standby",
    );
}

/// Lets commits go on, also those that wait.
pub fn release(cluster: &Cluster) {
    name_standbys(cluster, "");
}

fn name_standbys(cluster: &Cluster, names: &str) {
    cluster
        .configure(&[("synchronous_standby_names", names)])
        .expect("the server reloads its settings");
}

/// Returns true if the commit of `sql` waits for the standby, under the caller's
/// `synchronous_commit`. The wait is cancelled: the commit stands, with a warning.
pub fn wait(cluster: &Cluster, synchronous_commit: &str, sql: &str) -> bool {
    let mut client = admin(cluster);
    client
        .batch_execute(&format!("set synchronous_commit = {synchronous_commit}"))
        .expect("the setting is set");
    let pid = backend(&mut client);
    let sql = sql.to_owned();
    let commit = std::thread::spawn(move || client.batch_execute(&sql));
    let mut watcher = admin(cluster);
    let cancel = "select pg_cancel_backend(pid) from pg_stat_activity
                   where pid = $1 and wait_event = 'SyncRep'";
    let mut waits = false;
    let mut is_over = || {
        waits = !watcher
            .query(cancel, &[&pid])
            .expect("it is shown")
            .is_empty();
        waits || commit.is_finished()
    };
    wait_until(&mut is_over, "the commit waits or ends");
    commit.join().expect("it ends").expect("it is committed");
    waits
}
