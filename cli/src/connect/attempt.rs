//! The attempts to connect: each server of the address in turn, with and without TLS as its mode
//! says.

use super::address::Address;
use super::host::HostAddress;
use super::tls::{Mode, Tls};
use crate::error::{Error, Result, server_error};
use postgres::config::{ChannelBinding, SslMode, SslNegotiation};
use postgres::{Client, Config};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The time after which a server counts as unreachable, if the address does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Connects to the first server of an address that answers and is of the kind that it asks for.
pub fn connect(address: &Address) -> Result<Client> {
    let tls = Tls::of(address)?;
    let words = [
        "any",
        "read-write",
        "read-only",
        "primary",
        "standby",
        "prefer-standby",
    ];
    let kinds = match address.word("target_session_attrs", &words)? {
        "prefer-standby" => &["standby", "any"][..],
        kind => &[kind][..],
    };
    let mut last = None;
    for kind in kinds {
        for host in &address.hosts {
            match connect_to(address, &tls, host, kind) {
                Ok(client) => return Ok(client),
                Err(Failure {
                    error,
                    is_final: true,
                }) => return Err(error),
                Err(Failure { error, .. }) => last = Some(error),
            }
        }
    }
    Err(last.unwrap_or_else(|| Error::new("the address has no host")))
}

/// Why one server will not do, and whether the others may still be tried.
struct Failure {
    error: Error,
    is_final: bool,
}

fn connect_to(
    address: &Address,
    tls: &Tls,
    host: &HostAddress,
    kind: &str,
) -> std::result::Result<Client, Failure> {
    let fail = |error: Error, is_final| Failure {
        error: error.context(format_args!("cannot connect to {host}")),
        is_final,
    };
    let password = address.password(host);
    let mut config = config(address, tls, host).map_err(|error| fail(error, true))?;
    if let Some(password) = &password {
        config.password(password);
    }
    let limit = match timeout(address).map_err(|error| fail(error, true))? {
        None => None,
        Some(timeout) => timeout.checked_mul(host.count_addresses()),
    };
    let modes = match tls.mode {
        _ if host.is_socket() => &[SslMode::Disable][..],
        Mode::Disable => &[SslMode::Disable],
        Mode::Allow => &[SslMode::Disable, SslMode::Require],
        Mode::Prefer => &[SslMode::Prefer, SslMode::Disable],
        Mode::Require => &[SslMode::Require],
    };
    let mut first = None;
    for &mode in modes {
        match within(limit, config.ssl_mode(mode), tls) {
            None => {
                let error = Error::new("the server does not answer in time")
                    .hint("Its address may be that of another program. PGCONNECT_TIMEOUT is the limit, in seconds.");
                return Err(fail(error, false));
            }
            Some(Ok(mut client)) => {
                return match is_kind(&mut client, kind) {
                    Ok(true) => Ok(client),
                    Ok(false) => Err(fail(Error::new(format!("the server is not {kind}")), false)),
                    Err(error) => Err(fail(error, false)),
                };
            }
            Some(Err(error)) => {
                // 28000: pg_hba.conf lets nobody in that way. Another way may be open, if TLS is
                // what is wrong.
                let refused = error.code().map(|code| code.code().to_owned());
                let other_way = match refused.as_deref() {
                    Some(code) => code == "28000",
                    None => mode == SslMode::Prefer && is_tls(&error),
                };
                // 57P03: it is starting, or ending. Others may be ready.
                let is_final = refused.is_some_and(|code| code != "57P03");
                let error = explained(&error, password.is_some());
                let error = first.get_or_insert((error, is_final));
                if !other_way {
                    return Err(fail(error.0.clone(), error.1));
                }
            }
        }
    }
    let (error, is_final) = first.unwrap_or_else(|| (Error::new("no way is open"), true));
    Err(fail(error, is_final))
}

/// Returns the time in which a server has to let the program in.
fn timeout(address: &Address) -> Result<Option<Duration>> {
    Ok(match address.number("connect_timeout")? {
        None => Some(TIMEOUT),
        // libpq waits for ever then. Its shortest limit is 2 seconds.
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds.max(2))),
    })
}

/// Connects; nothing if that takes longer than the limit. The limit of the client library is for
/// the socket alone: a server that takes a connection and is silent would be waited for.
fn within(
    limit: Option<Duration>,
    config: &Config,
    tls: &Tls,
) -> Option<std::result::Result<Client, postgres::Error>> {
    let (config, connector) = (config.clone(), tls.connector.clone());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // If nobody waits any more, the connection is closed.
        let _ = sender.send(config.connect(connector));
    });
    match limit {
        None => receiver.recv().ok(),
        Some(limit) => receiver.recv_timeout(limit).ok(),
    }
}

fn config(address: &Address, tls: &Tls, host: &HostAddress) -> Result<Config> {
    let mut config = Config::new();
    config
        .host(&host.host)
        .port(host.port)
        .user(&address.user)
        .dbname(&address.dbname);
    if let Some(hostaddr) = host.hostaddr {
        config.hostaddr(hostaddr);
    }
    if let Some(options) = address.get("options") {
        config.options(options);
    }
    let name = address
        .get("application_name")
        .or(address.get("fallback_application_name"));
    config.application_name(name.unwrap_or("authguard"));
    if let Some(timeout) = timeout(address)? {
        config.connect_timeout(timeout);
    }
    config.keepalives(address.number("keepalives")? != Some(0));
    if let Some(idle) = address.number("keepalives_idle")?.filter(|idle| *idle > 0) {
        config.keepalives_idle(Duration::from_secs(idle));
    }
    if tls.direct {
        config.ssl_negotiation(SslNegotiation::Direct);
    }
    let binding = address.word("channel_binding", &["prefer", "disable", "require"])?;
    config.channel_binding(match binding {
        "disable" => ChannelBinding::Disable,
        "require" => ChannelBinding::Require,
        _ => ChannelBinding::Prefer,
    });
    Ok(config)
}

/// Returns true if the server is what `target_session_attrs` asks for.
fn is_kind(client: &mut Client, kind: &str) -> Result<bool> {
    let (sql, wanted) = match kind {
        "read-write" => ("show transaction_read_only", "off"),
        "read-only" => ("show transaction_read_only", "on"),
        "primary" => ("select pg_catalog.pg_is_in_recovery()::text", "false"),
        "standby" => ("select pg_catalog.pg_is_in_recovery()::text", "true"),
        _ => return Ok(true),
    };
    let rows = client
        .query_typed(sql, &[])
        .map_err(|error| Error::from(server_error(&error)))?;
    let found: Option<&str> = rows.first().and_then(|row| row.try_get(0).ok());
    Ok(found == Some(wanted))
}

/// Returns true if the handshake of TLS failed, rather than the way to the server.
fn is_tls(error: &postgres::Error) -> bool {
    error.to_string().contains("TLS")
}

/// The error in words, with what to do about it.
fn explained(error: &postgres::Error, with_password: bool) -> Error {
    if error.as_db_error().is_some() {
        return Error::from(server_error(error));
    }
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    let told = Error::new(words);
    let words = told.to_string();
    if !with_password && words.contains("password missing") {
        told.hint("Set PGPASSWORD, or have a line in ~/.pgpass.")
    } else if words.contains("does not support TLS") {
        told.hint("If the connection may go without, use sslmode=disable.")
    } else if words.contains("UnknownIssuer") {
        told.hint("Name the certificate of your server's authority: PGSSLROOTCERT, or sslrootcert in the address.")
    } else if words.contains("NotValidForName") || words.contains("not valid for name") {
        told.hint("The certificate is of another host. Connect by its name, or check only who has signed it: sslmode=verify-ca.")
    } else {
        told
    }
}
