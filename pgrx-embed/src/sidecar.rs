//! Programs that run beside a server, such as PostgREST and pgbouncer. They run as the server's
//! user and in its directory, and end with the process that started them.

use crate::cluster::Cluster;
use crate::error::{Context, Error, Result};
use crate::signals::{self, Registered};
use crate::user::ServerUser;
use crate::{clients, command, procfs, unix};
use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program, which ends when this is dropped.
pub struct Sidecar {
    child: Child,
    port: u16,
    log: PathBuf,
    _registered: Registered,
}

impl Sidecar {
    /// Starts a program and waits until it listens on `port` of 127.0.0.1.
    pub fn start(
        cluster: &Cluster,
        name: &str,
        mut command: Command,
        port: u16,
    ) -> Result<Sidecar> {
        let log = cluster.dir().join(format!("{name}.log"));
        let output = File::create(&log)?;
        if let Some(user) = ServerUser::needed()? {
            user.run(&mut command);
        }
        command.current_dir(cluster.dir()).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        command.process_group(0);
        unix::inherit_no_files(&mut command);
        let (child, _registered) =
            signals::spawn(&mut command, procfs::end).context(|| format!("cannot start {name}"))?;
        let mut sidecar = Sidecar {
            child,
            port,
            log,
            _registered,
        };
        sidecar.wait()?;
        Ok(sidecar)
    }

    /// Starts PostgREST with the text of a configuration file. The database to connect to and the
    /// port to listen on are added here.
    pub fn postgrest(cluster: &Cluster, user: &str, database: &str, conf: &str) -> Result<Sidecar> {
        let port = Cluster::free_port()?;
        let program = cluster.dir().join("postgrest");
        if !program.exists() {
            // The server's user cannot enter root's cache. Another process copies it: a program
            // that another thread starts meanwhile would have this file open for writing, and a
            // file that is open for writing cannot be run.
            let mut copy = Command::new("cp");
            command::run(copy.arg(clients::postgrest()?).arg(&program))?;
        }
        let file = cluster.dir().join(format!("postgrest-{port}.conf"));
        fs::write(&file, conf)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
        let mut command = Command::new(program);
        // PostgREST prefers its environment to its file.
        command
            .arg(file)
            .env("PGRST_DB_URI", cluster.uri(user, database))
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", port.to_string());
        let mut sidecar = Sidecar::start(cluster, &format!("postgrest-{port}"), command, port)?;
        sidecar.wait_for("Schema cache loaded")?;
        Ok(sidecar)
    }

    /// The port that the program listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that the program has written so far.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    fn wait(&mut self) -> Result<()> {
        let port = self.port;
        self.wait_while(move |_| TcpStream::connect(("127.0.0.1", port)).is_err())
    }

    fn wait_for(&mut self, line: &str) -> Result<()> {
        self.wait_while(|log| !log.contains(line))
    }

    fn wait_while(&mut self, not_yet: impl Fn(&str) -> bool) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(60);
        while not_yet(&self.log()) {
            if self.child.try_wait()?.is_some() || Instant::now() > end {
                return Err(Error::new(format!(
                    "a program beside the server did not start:\n{}",
                    self.log()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        procfs::end(self.child.id() as i32);
        let _ = self.child.wait();
    }
}

fn read(log: &Path) -> String {
    fs::read(log).map_or(String::new(), |log| String::from_utf8_lossy(&log).into())
}
