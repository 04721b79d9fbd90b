//! A server in a bare system. It listens on its socket only, and ends with its system.

use crate::bare::System;
use crate::cluster::Config;
use crate::error::Result;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// The directory of the sockets of Debian's servers.
const SOCKETS: &str = "/run/postgresql";

/// A running server.
pub struct Server<'a> {
    system: &'a System,
    sockets: String,
    port: u16,
}

impl<'a> Server<'a> {
    /// Makes and starts a server as an administrator of Debian does. It runs as the user `postgres`
    /// of Debian's package.
    pub fn of_debian(system: &'a System, major: u16) -> Result<Server<'a>> {
        let server = Server {
            system,
            sockets: SOCKETS.into(),
            port: 5432,
        };
        system.run(
            "root",
            &format!(
                "pg_createcluster --port {} --locale C --encoding UTF8 {major} trial -- --no-sync",
                server.port
            ),
        )?;
        let conf = format!("/etc/postgresql/{major}/trial");
        server.configure(&conf, Config::default())?;
        system.run(
            "root",
            &format!("pg_ctlcluster --skip-systemctl-redirect {major} trial start"),
        )?;
        Ok(server)
    }

    /// Makes and starts a server in the home directory of a user who has no other rights.
    pub fn of_user(
        system: &'a System,
        user: &str,
        major: u16,
        config: Config,
    ) -> Result<Server<'a>> {
        let home = format!("/home/{user}");
        let data = format!("{home}/data");
        let bin = format!("/usr/lib/postgresql/{major}/bin");
        let server = Server {
            system,
            sockets: home,
            port: 5432,
        };
        system.run(
            user,
            &format!("{bin}/initdb --pgdata {data} --username postgres --locale C --encoding UTF8 --no-sync"),
        )?;
        server.configure(&data, config)?;
        system.run(
            user,
            &format!("{bin}/pg_ctl --wait --pgdata {data} --log {data}/log start"),
        )?;
        Ok(server)
    }

    /// Connects through the server's socket.
    pub fn connect(&self, user: &str, database: &str) -> Result<postgres::Client> {
        Ok(postgres::Config::new()
            .host_path(self.system.path(&self.sockets))
            .port(self.port)
            .user(user)
            .dbname(database)
            .connect_timeout(Duration::from_secs(10))
            .connect(postgres::NoTls)?)
    }

    /// The directory of the server's socket, as processes of the system see it.
    pub fn sockets(&self) -> &str {
        &self.sockets
    }

    /// The server's port, which is in the name of its socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Adds the settings of every server of the tests, and lets every local user in as anybody.
    fn configure(&self, dir: &str, config: Config) -> Result<()> {
        let dir = self.system.path(dir);
        let config = config.set("listen_addresses", "");
        File::options()
            .append(true)
            .open(dir.join("postgresql.conf"))?
            .write_all(config.lines(Path::new(&self.sockets), self.port).as_bytes())?;
        Ok(fs::write(dir.join("pg_hba.conf"), "local all all trust\n")?)
    }
}
