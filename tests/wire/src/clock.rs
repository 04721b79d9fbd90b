//! A server whose clock the test sets, through libfaketime.

use crate::script::installed;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::{dirs, error, packages};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of one server.
pub struct Clock {
    file: PathBuf,
}

/// A [server of sessions](crate::sessions::server) and its clock, which at first agrees with the
/// machine's. Returns `None` if the library cannot be had.
pub fn server() -> Option<(Cluster, Clock)> {
    let library = installed(library())?;
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("authguard-clock-{}-{count}", std::process::id());
    let clock = Clock {
        file: std::env::temp_dir().join(name),
    };
    clock.step(0);
    let environment = [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", clock.file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let config = environment
        .iter()
        .fold(Config::default(), |config, (name, value)| {
            config.env(name, value)
        });
    Some((crate::sessions::server(config), clock))
}

impl Clock {
    /// Sets the clock that many seconds ahead of the machine's.
    pub fn step(&self, seconds: i64) {
        // The file is replaced in one step, because the server may read it at any time.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}\n")).expect("the clock is written");
        std::fs::rename(&new, &self.file).expect("the clock is set");
    }

    /// Sets the clock to a Unix time.
    pub fn set(&self, time: i64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = i64::try_from(now.expect("it is after 1970").as_secs()).expect("it fits");
        self.step(time - now);
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// The path of the library, which the server's user can read.
fn library() -> error::Result<PathBuf> {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock();
    let root = dirs::servers()?.join("libfaketime");
    if !root.is_dir() {
        dirs::complete(&root, |dir| packages::unpack("libfaketime", dir))?;
    }
    let library = |triple| {
        let lib = root.join("usr/lib").join(triple);
        lib.join("faketime/libfaketimeMT.so.1")
    };
    ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(library)
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(|| error::Error::new("there is no libfaketime for this processor"))
}
