//! A private server: made, started, stopped, crashed, copied to a standby, and removed.

mod apart;
mod client;
mod config;
mod scratch;
pub mod template;
mod upgrade;

pub use config::Config;
pub use scratch::{remove, sweep};

use crate::error::{Context, Error, Result};
use crate::postgres::Install;
use crate::signals::{self, Registered};
use crate::user::ServerUser;
use crate::{command, postmaster, procfs, unix};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A server that is stopped and removed when this is dropped, unless it is [kept](Cluster::keep).
pub struct Cluster {
    install: Install,
    dir: PathBuf,
    port: u16,
    user: Option<ServerUser>,
    environment: Vec<(String, String)>,
    child: Option<(Child, Registered)>,
    keep: bool,
    /// True while the template's database, of which the data is a copy, is still unused.
    prepared: AtomicBool,
    _removed_on_interrupt: Registered,
}

impl Cluster {
    /// Makes and starts a throw-away server.
    pub fn create(install: &Install, config: Config) -> Result<Cluster> {
        let dir = scratch::fresh(install)?;
        Self::create_in(install, config, dir)
    }

    /// Makes and starts a server whose files are in `dir`. The function makes that directory.
    pub fn create_in(install: &Install, config: Config, dir: PathBuf) -> Result<Cluster> {
        let mut cluster = Self::prepare(install, &config, dir)?;
        match &install.template {
            Some(template) if !config.own_identity => cluster.copy_data(template)?,
            _ => cluster.initdb(&config, None)?,
        }
        cluster.append_settings(&config.lines(&cluster.dir, cluster.port))?;
        cluster.start()?;
        Ok(cluster)
    }

    fn initdb(&self, config: &Config, option: Option<&str>) -> Result<()> {
        let mut initdb = self.server_command("initdb");
        initdb.arg("--pgdata").arg(self.data()).args(option);
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--locale=C",
            "--encoding=UTF8",
        ]);
        if !config.fsync {
            initdb.arg("--no-sync");
        }
        command::capture(&mut initdb).context(|| "cannot make a data directory".into())?;
        Ok(())
    }

    /// Makes a hot standby of this server, which streams from it. It is asynchronous unless this
    /// server is [configured](Cluster::configure) to wait for `standby`.
    pub fn standby(&self, config: Config) -> Result<Cluster> {
        let dir = scratch::fresh(&self.install)?;
        let mut standby = Self::prepare(&self.install, &config, dir)?;
        let mut copy = standby.server_command("pg_basebackup");
        copy.arg("--pgdata")
            .arg(standby.data())
            .args(["--checkpoint=fast", "--no-sync"]);
        copy.arg("--write-recovery-conf").arg(format!(
            "--dbname=host={} port={} user=postgres application_name=standby",
            self.dir.display(),
            self.port
        ));
        command::capture(&mut copy).context(|| "cannot copy the server to a standby".into())?;
        standby.append_settings(&config.lines(&standby.dir, standby.port))?;
        standby.start()?;
        Ok(standby)
    }

    fn prepare(install: &Install, config: &Config, dir: PathBuf) -> Result<Cluster> {
        let port = match config.port {
            Some(port) => port,
            None => scratch::port()?,
        };
        let doomed = dir.clone();
        let cluster = Cluster {
            install: install.clone(),
            user: ServerUser::needed()?,
            environment: config.environment.clone(),
            port,
            child: None,
            keep: false,
            prepared: AtomicBool::new(false),
            _removed_on_interrupt: signals::on_interrupt(move || remove(&doomed)),
            dir,
        };
        fs::create_dir(&cluster.dir)
            .context(|| format!("cannot make {}", cluster.dir.display()))?;
        fs::set_permissions(&cluster.dir, fs::Permissions::from_mode(0o755))?;
        if let Some(user) = &cluster.user {
            user.give(&cluster.dir)?;
        }
        Ok(cluster)
    }

    /// Starts the server and waits until it takes connections.
    pub fn start(&mut self) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        let mut command = self.server_command("postgres");
        command.arg("-D").arg(self.data()).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdout(log.try_clone()?).stderr(log);
        // The server gets a process group of its own: Ctrl-C at the terminal reaches only the tool,
        // which then stops the server.
        command.process_group(0);
        unix::inherit_no_files(&mut command);
        let child = signals::spawn(&mut command, procfs::quit)
            .context(|| "cannot start the server".into())?;
        self.child = Some(child);
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let ended = match &mut self.child {
                Some((child, _)) => child.try_wait()?.is_some(),
                None => true,
            };
            if !ended && self.connect("postgres", "postgres").is_ok() {
                return Ok(());
            }
            if ended || Instant::now() > end {
                let log = self.log();
                let last: Vec<&str> = log.lines().rev().take(15).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                return Err(Error::new(format!(
                    "the server did not start; the end of its log:\n{}",
                    last.join("\n")
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server by a fast shutdown and keeps the data.
    pub fn stop(&mut self) -> Result<()> {
        postmaster::stop(&self.data())?;
        self.reap();
        Ok(())
    }

    /// Stops the server and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.start()
    }

    /// Kills every process of the server (SIGKILL); [`start`](Cluster::start) then recovers.
    pub fn crash(&mut self) {
        postmaster::kill(&self.data());
        self.reap();
    }

    /// Makes a standby a primary.
    pub fn promote(&self) -> Result<()> {
        let mut client = self.connect("postgres", "postgres")?;
        client.execute("select pg_catalog.pg_promote()", &[])?;
        Ok(())
    }

    /// Changes settings of a running server and reloads it. Settings that need a restart take
    /// effect at the next one.
    pub fn configure(&self, settings: &[(&str, &str)]) -> Result<()> {
        let lines = settings
            .iter()
            .map(|(name, value)| config::line(name, value));
        self.append_settings(&lines.collect::<String>())?;
        let mut client = self.connect("postgres", "postgres")?;
        client.execute("select pg_catalog.pg_reload_conf()", &[])?;
        Ok(())
    }

    /// Makes a database with the extension in it.
    pub fn create_database(&self, name: &str) -> Result<()> {
        if self.prepared.swap(false, Ordering::Relaxed) {
            // The renamed database keeps its OID, which the extension has recorded.
            let rename = format!("alter database {} rename to {name}", template::DATABASE);
            return Ok(self
                .connect("postgres", "postgres")?
                .batch_execute(&rename)?);
        }
        let create = format!("create database {name}");
        self.connect("postgres", "postgres")?
            .batch_execute(&create)?;
        self.connect("postgres", name)?
            .batch_execute("create extension authguard")
            .context(|| "cannot create the extension".into())
    }

    /// The Postgres that this server runs on.
    pub fn install(&self) -> &Install {
        &self.install
    }

    /// The server's port on 127.0.0.1, which is also the number in the name of its socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A free port for a program beside the server, a different one at each call.
    pub fn free_port() -> Result<u16> {
        scratch::port()
    }

    /// The directory of the server's socket, log and data.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The server's data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Everything that the server has logged so far.
    pub fn log(&self) -> String {
        fs::read(self.log_file()).map_or(String::new(), |log| String::from_utf8_lossy(&log).into())
    }

    /// The postmaster's pid.
    pub fn pid(&self) -> Option<i32> {
        postmaster::pid(&self.data())
    }

    /// Keeps the server running after this process ends.
    pub fn keep(mut self) {
        self.keep = true;
    }

    /// Appends lines to the settings: later lines win over those of initdb or the primary.
    fn append_settings(&self, lines: &str) -> Result<()> {
        let mut file = File::options()
            .append(true)
            .open(self.data().join("postgresql.conf"))?;
        Ok(file.write_all(lines.as_bytes())?)
    }

    fn log_file(&self) -> PathBuf {
        self.dir.join("log")
    }

    fn server_command(&self, program: &str) -> Command {
        let mut command = self.install.command(program);
        // The server's user may not be able to enter the tool's current directory.
        command.current_dir(&self.dir);
        if let Some(user) = &self.user {
            user.run(&mut command);
        }
        command
    }

    fn reap(&mut self) {
        if let Some((mut child, _)) = self.child.take() {
            let _ = child.wait();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.keep {
            remove(&self.dir);
            self.reap();
        }
    }
}
