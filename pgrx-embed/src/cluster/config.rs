//! The settings of a private server.

use std::path::Path;

/// Options for making a server. The default is a throw-away server for tests.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The port that the server listens on; `None` chooses a free one.
    pub port: Option<u16>,
    /// If true, each commit waits for the disk. Only crash tests and servers that are kept need
    /// that.
    pub fsync: bool,
    /// If true, `initdb` makes the server, so that no other server has its system identifier.
    /// Otherwise servers of one build are copies of one template. That is enough unless a test
    /// checks which server a database belongs to.
    pub own_identity: bool,
    /// Additional lines of postgresql.conf: name and value. The tool quotes the value.
    pub settings: Vec<(String, String)>,
    /// Variables for the server's environment. All others that begin with `RUST_` or `PG` are
    /// removed from it.
    pub environment: Vec<(String, String)>,
}

impl Config {
    /// Adds a setting.
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a variable to the server's environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives the server a system identifier of its own.
    pub fn own_identity(mut self) -> Self {
        self.own_identity = true;
        self
    }

    /// Makes writes durable.
    pub fn durable(mut self) -> Self {
        self.fsync = true;
        self
    }

    /// The lines of postgresql.conf for a server in this directory.
    pub(crate) fn lines(&self, dir: &Path, port: u16) -> String {
        let socket = dir.to_string_lossy();
        let port = port.to_string();
        let usual = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", &socket),
            ("fsync", if self.fsync { "on" } else { "off" }),
            ("shared_buffers", "64MB"),
            ("max_prepared_transactions", "10"),
            ("logging_collector", "off"),
            ("log_line_prefix", "%m [%p] %q%u@%d "),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
        ];
        let asked = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let lines = usual
            .into_iter()
            .chain(asked)
            .map(|(name, value)| line(name, value));
        std::iter::once("\n".to_owned()).chain(lines).collect()
    }
}

/// One line of postgresql.conf.
pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_quoted_and_later_ones_win() {
        let config = Config::default().set("fsync", "on").set("a.b", "it's");
        let lines = config.lines(Path::new("/run/x"), 5);
        assert!(lines.contains("a.b = 'it''s'\n"));
        assert!(lines.find("fsync = 'off'").unwrap() < lines.find("fsync = 'on'").unwrap());
        assert!(lines.contains("listen_addresses = '127.0.0.1'\n"));
    }
}
