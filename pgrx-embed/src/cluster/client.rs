//! Connections of clients to a server.

use super::Cluster;
use crate::error::Result;
use std::process::Command;
use std::time::Duration;

impl Cluster {
    /// Connects through the server's socket.
    pub fn connect(&self, user: &str, database: &str) -> Result<postgres::Client> {
        Ok(postgres::Config::new()
            .host_path(&self.dir)
            .port(self.port)
            .user(user)
            .dbname(database)
            .connect_timeout(Duration::from_secs(10))
            .connect(postgres::NoTls)?)
    }

    /// The address for any client, over TCP.
    pub fn uri(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// A client program of this Postgres, with an environment that leads it to this server.
    pub fn client_command(&self, program: &str, database: &str) -> Command {
        self.reach(self.install.command(program), database)
    }

    /// Sets the environment of any command so that it finds this server.
    pub fn reach(&self, mut command: Command, database: &str) -> Command {
        command
            .env("PGHOST", &self.dir)
            .env("PGPORT", self.port.to_string());
        command
            .env("PGUSER", "postgres")
            .env("PGDATABASE", database);
        command
    }
}
