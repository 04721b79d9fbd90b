//! The address of a server, gathered as libpq does: what is given comes first, then the service,
//! then the environment, then a default.

use super::files;
use super::parse::{self, Parameters};
use crate::error::{Error, Result};
use std::fmt;
use std::path::PathBuf;

/// Each parameter that libpq 14 to 18 knows, and its environment variable.
const KNOWN: [(&str, &str); 47] = [
    ("application_name", "PGAPPNAME"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("client_encoding", "PGCLIENTENCODING"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("dbname", "PGDATABASE"),
    ("fallback_application_name", ""),
    ("gssdelegation", "PGGSSDELEGATION"),
    ("gssencmode", "PGGSSENCMODE"),
    ("gsslib", "PGGSSLIB"),
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("keepalives", ""),
    ("keepalives_count", ""),
    ("keepalives_idle", ""),
    ("keepalives_interval", ""),
    ("krbsrvname", "PGKRBSRVNAME"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("max_protocol_version", "PGMAXPROTOCOLVERSION"),
    ("min_protocol_version", "PGMINPROTOCOLVERSION"),
    ("options", "PGOPTIONS"),
    ("passfile", "PGPASSFILE"),
    ("password", "PGPASSWORD"),
    ("port", "PGPORT"),
    ("replication", ""),
    ("require_auth", "PGREQUIREAUTH"),
    ("requirepeer", "PGREQUIREPEER"),
    ("requiressl", "PGREQUIRESSL"),
    ("scram_client_key", ""),
    ("scram_server_key", ""),
    ("service", "PGSERVICE"),
    ("servicefile", "PGSERVICEFILE"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    ("sslcert", "PGSSLCERT"),
    ("sslcertmode", "PGSSLCERTMODE"),
    ("sslcompression", "PGSSLCOMPRESSION"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("sslkey", "PGSSLKEY"),
    ("sslkeylogfile", ""),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslpassword", ""),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslsni", "PGSSLSNI"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("user", "PGUSER"),
];

/// Parameters that would make a connection safer, or another one, if this program knew what they
/// mean. The values in the list ask for nothing.
const UNSUPPORTED: [(&str, &[&str]); 9] = [
    ("gssencmode", &["disable", "prefer"]),
    ("replication", &["false", "off", "no", "0"]),
    ("require_auth", &[]),
    ("requirepeer", &[]),
    ("requiressl", &["0"]),
    ("sslcertmode", &["allow", "disable"]),
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslpassword", &[]),
];

/// An address, complete but for the password, which depends on the host.
pub struct Address {
    parameters: Parameters,
    /// Each server to try, in order.
    pub hosts: Vec<HostAddress>,
    /// The role that connects.
    pub user: String,
    /// The database.
    pub dbname: String,
}

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
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}, port {}", self.host, self.port)
    }
}

/// Environment variables.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Address {
    /// Gathers the address of this process's environment, and of what its caller gave.
    pub fn gather(given: Option<&str>) -> Result<Self> {
        Self::of(given, &|name| std::env::var(name).ok())
    }

    /// Gathers an address from what is given and an environment.
    pub fn of(given: Option<&str>, environment: Environment) -> Result<Self> {
        let mut parameters = match given {
            Some(text) => parse::parse(text)?,
            None => Parameters::new(),
        };
        check_names(&parameters)?;
        let value = |parameters: &Parameters, name: &str| {
            let variable = KNOWN
                .iter()
                .find(|(of, _)| *of == name)
                .map_or("", |(_, of)| of);
            let given = parameters.get(name).cloned();
            given
                .or_else(|| environment(variable))
                .filter(|value| !value.is_empty())
        };
        if let Some(service) = value(&parameters, "service") {
            let file = value(&parameters, "servicefile").map(PathBuf::from);
            let sysconfdir = environment("PGSYSCONFDIR").map(PathBuf::from);
            let of_service = files::service(&service, file, sysconfdir)?;
            check_names(&of_service)?;
            for (key, value) in of_service {
                parameters.entry(key).or_insert(value);
            }
        }
        for (name, _) in KNOWN {
            match value(&parameters, name) {
                Some(value) => parameters.insert(name.to_owned(), value),
                // An empty value is as good as none.
                None => parameters.remove(name),
            };
        }
        refuse_unsupported(&parameters)?;
        let user = match parameters.get("user") {
            Some(user) => user.clone(),
            None => whoami::username().map_err(|error| {
                Error::new(format!("this system's user has no name: {error}"))
                    .hint("Name the role to connect as: PGUSER, or user in the address.")
            })?,
        };
        let dbname = parameters.get("dbname").cloned();
        Ok(Self {
            hosts: hosts(&parameters)?,
            dbname: dbname.unwrap_or_else(|| user.clone()),
            user,
            parameters,
        })
    }

    /// Returns a parameter, unless it is not set or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns the password for a host: the one that is given, or the one in the password file.
    pub fn password(&self, host: &HostAddress) -> Option<String> {
        if let Some(password) = self.get("password") {
            return Some(password.to_owned());
        }
        let file = match self.get("passfile") {
            Some(file) => PathBuf::from(file),
            None => std::env::home_dir()?.join(".pgpass"),
        };
        files::password(&file, host, &self.dbname, &self.user)
    }

    /// Returns a number that is not negative.
    pub fn number(&self, name: &str) -> Result<Option<u64>> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        // libpq takes a negative connect_timeout for none.
        match text.trim().parse::<i64>() {
            Ok(number) => Ok(Some(u64::try_from(number).unwrap_or(0))),
            Err(_) => Err(Error::new(format!("{name} is not a whole number"))),
        }
    }

    /// Returns the position of a parameter's value among the words that it may have; the first one
    /// if it is not set.
    pub fn word(&self, name: &str, words: &[&'static str]) -> Result<&'static str> {
        let value = self
            .get(name)
            .or_else(|| words.first().copied())
            .unwrap_or("");
        let found = words.iter().find(|word| **word == value).copied();
        found.ok_or_else(|| {
            Error::new(format!("{name} has an invalid value"))
                .hint(format!("It may be {}.", words.join(", ")))
        })
    }
}

fn check_names(parameters: &Parameters) -> Result<()> {
    for name in parameters.keys() {
        // OAuth is for clients with a person before them.
        if !KNOWN.iter().any(|(known, _)| known == name) && !name.starts_with("oauth_") {
            // A name may be a part of a password that is not quoted, so it is not shown unless it
            // looks like a name.
            let plain = name.len() < 32 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let named = if plain {
                format!(" \"{name}\"")
            } else {
                String::new()
            };
            return Err(
                Error::new(format!("the address has an unknown parameter{named}")).hint(
                    "Only the parameters of libpq are known: remove those of other programs.",
                ),
            );
        }
    }
    Ok(())
}

fn refuse_unsupported(parameters: &Parameters) -> Result<()> {
    for (name, harmless) in UNSUPPORTED {
        let value = parameters.get(name).map(String::as_str);
        if value.is_some_and(|value| !harmless.contains(&value)) {
            return Err(Error::new(format!("{name} is not supported"))
                .hint("The connection would be another one than psql's: remove the parameter."));
        }
    }
    Ok(())
}

fn hosts(parameters: &Parameters) -> Result<Vec<HostAddress>> {
    let list = |name: &str| -> Vec<&str> {
        let text = parameters.get(name).map(String::as_str);
        text.map_or(Vec::new(), |text| text.split(',').map(str::trim).collect())
    };
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(Error::new(
            "host and hostaddr have different numbers of hosts",
        ));
    }
    let count = names.len().max(addresses.len()).max(1);
    if ports.len() > 1 && ports.len() != count {
        return Err(Error::new(
            "the number of ports is neither 1 nor that of the hosts",
        ));
    }
    (0..count)
        .map(|at| {
            let port = match ports.get(at).or_else(|| ports.first()) {
                None | Some(&"") => 5432,
                Some(port) => port
                    .parse()
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or_else(|| Error::new("a port is not a number from 1 to 65535"))?,
            };
            let hostaddr: Option<std::net::IpAddr> = match addresses.get(at) {
                None | Some(&"") => None,
                Some(address) => Some(
                    address
                        .parse()
                        .map_err(|_| Error::new("hostaddr is not a numeric address"))?,
                ),
            };
            let host = match (names.get(at), hostaddr) {
                (Some(name), _) if !name.is_empty() => (*name).to_owned(),
                (_, Some(address)) => address.to_string(),
                _ => default_host(port),
            };
            Ok(HostAddress {
                host,
                hostaddr,
                port,
            })
        })
        .collect()
}

/// Where a server of this machine has its socket: Debian's directory, or the one of Postgres's own
/// builds. If neither has one, the loopback address.
fn default_host(port: u16) -> String {
    files::SOCKET_DIRECTORIES
        .into_iter()
        .find(|dir| PathBuf::from(dir).join(format!(".s.PGSQL.{port}")).exists())
        .unwrap_or("localhost")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(given: Option<&str>, environment: &[(&str, &str)]) -> Result<Address> {
        Address::of(given, &|name| {
            let found = environment.iter().find(|(of, _)| *of == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_given_comes_before_the_environment() {
        let environment = [
            ("PGHOST", "env.example.com"),
            ("PGPORT", "6000"),
            ("PGUSER", "ben"),
            ("PGDATABASE", "other"),
            ("PGPASSWORD", "sesame"),
            ("PGSSLMODE", "verify-full"),
        ];
        let address = gather(Some("postgresql://ada@db.example.com/app"), &environment).unwrap();
        assert_eq!(
            address.hosts[0].to_string(),
            "host db.example.com, port 6000"
        );
        assert_eq!(
            (address.user.as_str(), address.dbname.as_str()),
            ("ada", "app")
        );
        assert_eq!(
            address.password(&address.hosts[0]).as_deref(),
            Some("sesame")
        );
        assert_eq!(address.get("sslmode"), Some("verify-full"));
        let address = gather(None, &environment).unwrap();
        assert_eq!(address.hosts[0].host, "env.example.com");
        assert_eq!(
            (address.user.as_str(), address.dbname.as_str()),
            ("ben", "other")
        );
    }

    #[test]
    fn the_database_has_the_name_of_the_role_unless_it_is_named() {
        assert_eq!(gather(Some("user=ada"), &[]).unwrap().dbname, "ada");
        assert_eq!(
            gather(Some("user=ada dbname=''"), &[]).unwrap().dbname,
            "ada"
        );
        assert_eq!(
            gather(Some("app"), &[("PGUSER", "ada")]).unwrap().dbname,
            "app"
        );
    }

    #[test]
    fn several_hosts_have_their_ports_or_share_one() {
        let hosts = |given: &str| -> Result<Vec<String>> {
            let address = gather(Some(given), &[])?;
            Ok(address.hosts.iter().map(ToString::to_string).collect())
        };
        let one = ["host a, port 5", "host b, port 5"];
        assert_eq!(hosts("host=a,b port=5").unwrap(), one);
        let each = ["host a, port 5", "host b, port 5432"];
        assert_eq!(hosts("postgresql://a:5,b/").unwrap(), each);
        assert!(hosts("host=a,b port=1,2,3").is_err());
        assert!(hosts("host=a,b hostaddr=127.0.0.1").is_err());
        for port in ["0", "65536", "x"] {
            assert!(hosts(&format!("host=a port={port}")).is_err());
        }
        let numeric = gather(Some("host=a hostaddr=::1"), &[]).unwrap();
        assert_eq!(numeric.hosts[0].hostaddr, Some("::1".parse().unwrap()));
        assert_eq!(numeric.hosts[0].host, "a");
    }

    #[test]
    fn a_parameter_that_would_be_ignored_is_refused() {
        for given in [
            "requirepeer=postgres",
            "gssencmode=require",
            "sslcertmode=require",
            "sslcrl=/x",
            "require_auth=scram-sha-256",
            "postgresql://h/d?pgbouncer=true",
            "host=a sesame=b",
        ] {
            assert!(gather(Some(given), &[]).is_err(), "{given}");
        }
        for given in [
            "gssencmode=prefer",
            "requiressl=0",
            "target_session_attrs=any",
        ] {
            assert!(gather(Some(given), &[]).is_ok(), "{given}");
        }
    }

    #[test]
    fn an_unknown_name_is_shown_only_if_it_cannot_be_a_password() {
        let error = |given: &str| {
            gather(Some(given), &[])
                .map(|_| ())
                .unwrap_err()
                .to_string()
        };
        assert!(error("postgresql://h/d?pgbouncer=true").contains("\"pgbouncer\""));
        assert!(!error("password=a Se-Same=b").contains("Same"));
    }
}
