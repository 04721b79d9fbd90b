//! A small disk that can be filled, with a server on it.

use pgrx_embed::cluster::{Cluster, Config};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A disk of 192 MiB. It is there until this is dropped.
pub struct Disk(PathBuf);

impl Disk {
    /// An empty disk. `None` if this process may not mount one.
    pub fn mounted() -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("authguard-disk-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir(&dir).expect("a directory is made");
        let disk = Self(dir);
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=192m,mode=755", "none"])
            .arg(&disk.0)
            .output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(disk);
        }
        println!("SKIPPED: only root can mount a small disk");
        None
    }

    /// A server on this disk. It must go before the disk does.
    pub fn server(&self, config: Config) -> Cluster {
        crate::server_in(self.0.join("server"), config)
    }

    /// Moves the write-ahead log of a server here, and nothing else of it. The server is stopped.
    pub fn take_log_of(&self, cluster: &Cluster) {
        let (from, to) = (cluster.data().join("pg_wal"), self.0.join("pg_wal"));
        let copied = Command::new("cp").arg("-a").args([&from, &to]).status();
        assert!(copied.expect("there is such a program").success());
        fs::remove_dir_all(&from).expect("the log is removed");
        symlink(to, from).expect("a link is made");
    }

    /// Fills the disk to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file is made");
        for size in [1 << 20, 4096, 1] {
            let bytes = vec![1_u8; size];
            while ballast.write_all(&bytes).is_ok() {}
        }
    }

    /// Gives the space back.
    pub fn empty(&self) {
        fs::remove_file(self.ballast()).expect("the file is removed");
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process of the server may take its time to end.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
        let _ = fs::remove_dir(&self.0);
    }
}
