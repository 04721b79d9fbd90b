//! The servers that `up` left running. Each port has one directory, in which `down` and `psql` find
//! the server.

use crate::error::{Error, Result};
use crate::{cluster, dirs, postmaster};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The database that `up` makes.
pub const DATABASE: &str = "authguard";

/// A server that `up` started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The server's port.
    pub port: u16,
    /// The server's major version.
    pub major: u16,
    /// The directory of the server's programs.
    pub bin: PathBuf,
    /// The directory of the server's socket and data.
    pub dir: PathBuf,
}

impl Running {
    /// The address that `up` prints.
    pub fn uri(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// Connects as this user.
    pub fn connect(&self, user: &str) -> Result<postgres::Client> {
        let mut config = postgres::Config::new();
        config
            .host_path(&self.dir)
            .port(self.port)
            .user(user)
            .dbname(DATABASE);
        Ok(config.connect(postgres::NoTls)?)
    }

    /// Records what `down` and `psql` need. Only a server that is complete has this record.
    pub fn record(&self) -> Result<()> {
        let told = json!({ "port": self.port, "major": self.major, "bin": self.bin });
        Ok(fs::write(
            self.dir.join("server.json"),
            format!("{told:#}\n"),
        )?)
    }

    /// Stops the server and removes its files.
    pub fn stop(&self) -> Result<()> {
        postmaster::stop(&self.dir.join("data"))?;
        Ok(fs::remove_dir_all(&self.dir)?)
    }
}

/// The directory of the server on a port.
pub fn dir_of(port: u16) -> Result<PathBuf> {
    Ok(dirs::run()?.join(port.to_string()))
}

/// Every running server of this user, ordered by port. Removes what a killed `up` or a crash left
/// behind.
pub fn all() -> Result<Vec<Running>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dirs::run()?)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().parse::<u16>().is_err() {
            continue;
        }
        let dir = entry.path();
        let told = fs::read_to_string(dir.join("server.json")).unwrap_or_default();
        match read(&told, &dir) {
            Some(server) if postmaster::pid(&dir.join("data")).is_some() => found.push(server),
            Some(_) => cluster::remove(&dir),
            // Another `up` may be making this server right now.
            None => {}
        }
    }
    found.sort_by_key(|server| server.port);
    Ok(found)
}

/// The servers that a person means. With a port it is the server on that port. Without one it is
/// all servers of this checkout, or those of a major version. A server of another checkout is
/// affected only if its port is named.
pub fn chosen(port: Option<u16>, major: Option<u16>) -> Result<Vec<Running>> {
    let own = dirs::own_servers()?;
    let mut servers = all()?;
    servers.retain(|server| port.is_some() || server.bin.starts_with(&own));
    servers.retain(|server| {
        port.is_none_or(|port| server.port == port)
            && major.is_none_or(|major| server.major == major)
    });
    Ok(servers)
}

/// The one server that a person means.
pub fn only(port: Option<u16>, major: Option<u16>) -> Result<Running> {
    let servers = chosen(port, major)?;
    match servers.as_slice() {
        [server] => Ok(server.clone()),
        [] => Err(Error::new("no such server is running").hint("start one: cargo embed up")),
        several => {
            let ports: Vec<String> = several
                .iter()
                .map(|server| server.port.to_string())
                .collect();
            Err(Error::new(format!(
                "several servers are running, on ports {}",
                ports.join(", ")
            ))
            .hint(format!("choose one: --port {}", ports[0])))
        }
    }
}

fn read(told: &str, dir: &Path) -> Option<Running> {
    let told: Value = serde_json::from_str(told).ok()?;
    let number = |key: &str| {
        told[key]
            .as_u64()
            .and_then(|number| u16::try_from(number).ok())
    };
    Some(Running {
        port: number("port")?,
        major: number("major")?,
        bin: told["bin"].as_str()?.into(),
        dir: dir.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_half_a_record_is_none() {
        let dir = std::env::temp_dir().join(format!("embed-running-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let server = Running {
            port: 54315,
            major: 15,
            bin: "/x/bin".into(),
            dir: dir.clone(),
        };
        server.record().unwrap();
        let told = fs::read_to_string(dir.join("server.json")).unwrap();
        assert_eq!(read(&told, &dir), Some(server));
        assert_eq!(read(&told[..told.len() / 2], &dir), None);
        fs::remove_dir_all(&dir).unwrap();
    }
}
