//! Prometheus, its tool and its exporter for Postgres, from Debian's packages, which are unpacked
//! and not installed.

use crate::http::get;
use crate::script::installed;
use crate::wait_until;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use pgrx_embed::sidecar::Sidecar;
use pgrx_embed::{dirs, packages};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

/// The path of a program of a package, which the server's user can run. If it cannot be fetched,
/// returns `None` and says so on the terminal.
pub fn program(package: &str, name: &str) -> Option<PathBuf> {
    installed(fetched(package, name))
}

fn fetched(package: &str, name: &str) -> Result<PathBuf> {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock();
    let root = dirs::servers()?.join(package);
    if !root.is_dir() {
        dirs::complete(&root, |dir| packages::unpack(package, dir))?;
    }
    let program = root.join("usr/bin").join(name);
    match program.is_file() {
        true => Ok(program),
        false => Err(Error::new(format!("the package {package} has no {name}"))),
    }
}

/// A file of `docs/monitoring`.
pub fn shipped(name: &str) -> String {
    let path = dirs::checkout().join("docs/monitoring").join(name);
    std::fs::read_to_string(path).expect("the file is there")
}

/// Puts a file of `docs/monitoring` where the server's user reads it.
pub fn place(cluster: &Cluster, name: &str) -> PathBuf {
    let path = cluster.dir().join(name);
    std::fs::write(&path, shipped(name)).expect("the file is written");
    path
}

/// An exporter with the queries of `docs/monitoring`, which logs in as this role.
pub fn exporter(cluster: &Cluster, user: &str, database: &str) -> Option<Sidecar> {
    let program = program(
        "prometheus-postgres-exporter",
        "prometheus-postgres-exporter",
    )?;
    let port = Cluster::free_port().expect("a port is free");
    let mut command = Command::new(program);
    command
        .arg("--extend.query-path")
        .arg(place(cluster, "postgres_exporter.yaml"))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(["--disable-default-metrics", "--disable-settings-metrics"])
        .env(
            "DATA_SOURCE_NAME",
            cluster.uri(user, database) + "?sslmode=disable",
        );
    Some(Sidecar::start(cluster, "exporter", command, port).expect("the exporter starts"))
}

/// A Prometheus that reads an exporter each second, and has the rules of `docs/monitoring`.
pub fn prometheus(cluster: &Cluster, exporter: &Sidecar) -> Option<Sidecar> {
    let program = program("prometheus", "prometheus")?;
    let port = Cluster::free_port().expect("a port is free");
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: [{}]\n\
         scrape_configs: [{{job_name: postgres, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}]\n",
        place(cluster, "alerts.yaml").display(),
        exporter.port()
    );
    let file = cluster.dir().join("prometheus.yaml");
    std::fs::write(&file, config).expect("the configuration is written");
    let mut command = Command::new(program);
    command
        .arg("--config.file")
        .arg(file)
        .arg("--storage.tsdb.path")
        .arg(cluster.data().with_file_name("prometheus"))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let sidecar = Sidecar::start(cluster, "prometheus", command, port).expect("Prometheus starts");
    wait_until(
        || get(port, "/-/ready", &[]).status == 200,
        "Prometheus is ready",
    );
    Some(sidecar)
}
