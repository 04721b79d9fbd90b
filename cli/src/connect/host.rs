//! One server of an address.

use std::fmt;
use std::net::ToSocketAddrs;
use std::path::PathBuf;

/// Where servers have their sockets if nobody says otherwise.
pub const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// One server of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAddress {
    /// A name, a numeric address, or the directory of a socket.
    pub host: String,
    /// The numeric address, if the name is not to be looked up.
    pub hostaddr: Option<std::net::IpAddr>,
    /// The port.
    pub port: u16,
}

impl HostAddress {
    /// Returns true if the server listens on a socket.
    pub fn is_socket(&self) -> bool {
        self.hostaddr.is_none() && (self.host.starts_with('/') || self.host.starts_with('@'))
    }

    /// Returns the number of addresses to try: a name may have several.
    pub fn count_addresses(&self) -> u32 {
        if self.is_socket() || self.hostaddr.is_some() {
            return 1;
        }
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let count = found.map_or(1, |addresses| addresses.count());
        u32::try_from(count).unwrap_or(1).max(1)
    }
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}, port {}", self.host, self.port)
    }
}

/// Where a server of this machine has its socket: Debian's directory, or the one of Postgres's own
/// builds. If neither has one, the loopback address.
pub fn default_host(port: u16) -> String {
    SOCKET_DIRECTORIES
        .into_iter()
        .find(|dir| PathBuf::from(dir).join(format!(".s.PGSQL.{port}")).exists())
        .unwrap_or("localhost")
        .to_owned()
}
