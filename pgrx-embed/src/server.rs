//! `up`, `down` and `psql`: a server to work with.

use crate::cluster::{self, Cluster, Config, template};
use crate::error::{Context, Error, Result};
use crate::instances::{self, DATABASE, Running};
use crate::pgrx::{self, Build};
use crate::postgres::Install;
use crate::{command, dirs, postmaster, source};
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;

/// Builds and installs the extension, starts a server with it and leaves it running.
pub fn up(major: u16, port: Option<u16>) -> Result<Running> {
    let port = port.unwrap_or(default_port(major));
    ensure_free(port)?;
    let install = built(major)?;
    start(&install, port)
}

/// Starts a server on a Postgres that has the extension, and leaves the server running.
pub fn start(install: &Install, port: u16) -> Result<Running> {
    let dir = instances::dir_of(port)?;
    let alone = File::create(dir.with_extension("lock"))?;
    if alone.try_lock().is_err() {
        return Err(Error::new(format!(
            "another `cargo embed up` is starting on port {port}"
        )));
    }
    // The build took time, so the port is checked again before its files are touched.
    ensure_free(port)?;
    cluster::remove(&dir);
    command::progress(format!(
        "starting Postgres {} on port {port}",
        install.version
    ));
    let config = Config {
        port: Some(port),
        ..Config::default()
    }
    .durable();
    let cluster = Cluster::create_in(install, config, dir.clone())?;
    cluster.create_database(DATABASE)?;
    let server = Running {
        port,
        major: install.major,
        bin: install.bin.clone(),
        dir,
    };
    server.record()?;
    cluster.keep();
    Ok(server)
}

/// A private Postgres with the extension of the current checkout, built for release.
pub fn built(major: u16) -> Result<Install> {
    let _alone = lock()?;
    let install = source::private_install(major, "")?;
    pgrx::install_extension(&install, Build::Release)?;
    Ok(install)
}

/// The same, built for tests, with a template for their servers. Servers that `up` has started are
/// not affected.
pub fn built_for_tests(major: u16) -> Result<Install> {
    let _alone = lock()?;
    for_tests(source::private_install(major, "tests")?, &[])
}

/// The same with a Postgres that has its assertions on. If `parallel` is true, its servers run each
/// plan in a parallel worker that can be run there.
pub fn built_with_assertions(major: u16, parallel: bool) -> Result<Install> {
    let _alone = lock()?;
    let force = match major {
        ..16 => ("force_parallel_mode", "regress"),
        _ => ("debug_parallel_query", "regress"),
    };
    let settings = if parallel { &[force][..] } else { &[] };
    for_tests(source::private_assert_install(major)?, settings)
}

/// Builds for tests, installs, and makes the template, whose copies have these settings.
fn for_tests(mut install: Install, settings: &[(&str, &str)]) -> Result<Install> {
    pgrx::install_extension(&install, Build::ForTests)?;
    install.template = Some(template::ensure(&install, settings)?);
    Ok(install)
}

/// Stops servers that `up` started: all, or those of a port or major version.
pub fn down(port: Option<u16>, major: Option<u16>) -> Result<()> {
    let servers = instances::chosen(port, major)?;
    if servers.is_empty() {
        eprintln!("nothing to stop: no such server is running");
    }
    for server in servers {
        server.stop()?;
        eprintln!("stopped Postgres {} on port {}", server.major, server.port);
    }
    Ok(())
}

/// Replaces this process by psql, connected to a running server.
pub fn psql(port: Option<u16>, major: Option<u16>, args: &[String]) -> Result<()> {
    let server = instances::only(port, major)?;
    let mut command = Install::at(&server.bin)?.command("psql");
    command
        .env("PGHOST", &server.dir)
        .env("PGPORT", server.port.to_string());
    command
        .env("PGUSER", "postgres")
        .env("PGDATABASE", DATABASE)
        .args(args);
    Err(Error::new(format!("cannot start psql: {}", command.exec())))
}

/// The default port of a major version, such as 54315.
pub fn default_port(major: u16) -> u16 {
    54300 + major
}

fn ensure_free(port: u16) -> Result<()> {
    if let Some(server) = instances::chosen(Some(port), None)?.first() {
        let uri = server.uri();
        return Err(
            Error::new(format!("a server is already running on port {port}: {uri}")).hint(format!(
                "reach it: cargo embed psql --port {port}; stop it: cargo embed down --port {port}; \
                 or give another --port"
            )),
        );
    }
    let half_made = postmaster::pid(&instances::dir_of(port)?.join("data")).is_some();
    if TcpListener::bind(("127.0.0.1", port)).is_err() && !half_made {
        return Err(Error::new(format!("another program uses port {port}"))
            .hint("choose another one: cargo embed up --port N"));
    }
    Ok(())
}

/// Allows one build and installation at a time. The library has the same file in `target/` for
/// every Postgres, so an installation always takes the last build.
pub fn lock() -> Result<File> {
    let file = dirs::own_servers()?.join("build.lock");
    let file = File::create(&file).context(|| format!("cannot write {}", file.display()))?;
    if file.try_lock().is_err() {
        command::progress("waiting for another cargo embed that builds");
        file.lock()?;
    }
    Ok(file)
}
