//! The servers that `up` left running: one directory a port, found again by `down` and `psql`.

use crate::error::{Error, Result};
use crate::{cluster, dirs, postmaster};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The database `up` makes.
pub const DATABASE: &str = "authguard";

/// A server that `up` started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its port.
    pub port: u16,
    /// Its major version.
    pub major: u16,
    /// Its directory of programs.
    pub bin: PathBuf,
    /// The directory of its socket and data.
    pub dir: PathBuf,
}

impl Running {
    /// The address that is printed by `up`.
    pub fn uri(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// A connection as that user.
    pub fn connect(&self, user: &str) -> Result<postgres::Client> {
        let mut config = postgres::Config::new();
        config
            .host_path(&self.dir)
            .port(self.port)
            .user(user)
            .dbname(DATABASE);
        Ok(config.connect(postgres::NoTls)?)
    }

    /// Writes down what `down` and `psql` need; only a complete server has it.
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

/// Every server of this user that runs, ordered by port. What a killed `up` or a crash left
/// behind is removed.
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
            // Another `up` may be making it at this moment.
            None => {}
        }
    }
    found.sort_by_key(|server| server.port);
    Ok(found)
}

/// The servers a person means: the one on a port, else those of this checkout, of a major version
/// or all. Who works in another checkout is not disturbed without naming the port.
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

/// The one server a person means.
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
