//! Logging in by token (RFC 7628), which the client library of the tests does not know: a socket
//! beside the server's logs in for the client, and then passes everything on.

use crate::tokens::{AUDIENCE, Issuer};
use pgrx_embed::cluster::Cluster;
use pgrx_embed::postgres::Install;
use postgres::Client;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// The first version that logs in by token.
const FIRST: u16 = 18;

/// Returns true if this Postgres logs in by token; otherwise says that the test is skipped.
pub fn is_known() -> bool {
    let major = Install::from_env().expect("AUTHGUARD_PG_BIN").major;
    if major < FIRST {
        println!("SKIPPED: Postgres {major} does not log in by token");
    }
    major >= FIRST
}

/// The file of the issuers of a server.
pub fn issuers_file(cluster: &Cluster) -> PathBuf {
    cluster.dir().join("issuers.json")
}

/// An issuer as the file has it, whose tokens may log in as these roles.
pub fn entry(issuer: &Issuer, login_roles: &Value) -> Value {
    let jwks: Value = serde_json::from_str(&issuer.jwks(&[issuer.kid()])).expect("a key set");
    json!({"issuer": issuer.name, "audience": [AUDIENCE], "jwks": jwks, "login_roles": login_roles})
}

/// Writes the file of the issuers.
pub fn write_issuers(cluster: &Cluster, entries: &[Value]) {
    let document = json!({ "issuers": entries }).to_string();
    fs::write(issuers_file(cluster), document).expect("the file is written");
}

/// Makes the server ask these roles for a token, and no others. Options go with the line of
/// pg_hba.conf, and `map` into pg_ident.conf.
pub fn ask_for_tokens(cluster: &mut Cluster, lines: &[(&str, &str)], map: &str) {
    let path = cluster.data().join("pg_hba.conf");
    let before = fs::read_to_string(&path).expect("the file is there");
    let others = before.lines().filter(|line| !line.contains(" oauth "));
    let lines = lines.iter().map(|(role, options)| {
        format!("local all {role} oauth issuer=\"https://a\" scope=\"db\" {options}\n")
    });
    let text = lines.collect::<String>() + &others.collect::<Vec<_>>().join("\n") + "\n";
    fs::write(path, text).expect("the file is written");
    fs::write(cluster.data().join("pg_ident.conf"), map).expect("the file is written");
    cluster.restart().expect("the server restarts");
}

/// Logs in with a token; `None` sends no token at all. Returns the message of the error if the
/// server refuses.
pub fn log_in(cluster: &Cluster, user: &str, token: Option<&str>) -> Result<Client, String> {
    let server = authenticated(cluster, user, token)?;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("authguard-oauth-{}-{number}", std::process::id()));
    fs::create_dir(&dir).expect("a directory");
    let listener = UnixListener::bind(dir.join(".s.PGSQL.1")).expect("a socket");
    let pass_on = thread::spawn(move || pass_on(&listener, server));
    let client = postgres::Config::new()
        .host_path(&dir)
        .port(1)
        .user(user)
        .dbname("wire")
        .connect(postgres::NoTls);
    pass_on
        .join()
        .expect("a connection")
        .expect("it is passed on");
    fs::remove_dir_all(dir).expect("the directory is removed");
    client.map_err(|error| error.to_string())
}

/// Waits for the client, answers its startup packet, and passes on whatever comes later.
fn pass_on(listener: &UnixListener, server: UnixStream) -> io::Result<()> {
    let (mut client, _) = listener.accept()?;
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).expect("a length");
    client.read_exact(&mut vec![0; length - 4])?;
    client.write_all(b"R\0\0\0\x08\0\0\0\0")?;
    for (mut from, mut to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

/// A connection whose token is accepted.
fn authenticated(cluster: &Cluster, user: &str, token: Option<&str>) -> Result<UnixStream, String> {
    let path = cluster.dir().join(format!(".s.PGSQL.{}", cluster.port()));
    let mut server = UnixStream::connect(path).expect("the server listens");
    let mut startup = 196_608_u32.to_be_bytes().to_vec(); // protocol 3.0
    for text in [
        "user",
        user,
        "database",
        "wire",
        "client_encoding",
        "UTF8",
        "",
    ] {
        startup.extend([text.as_bytes(), b"\0"].concat());
    }
    send(&mut server, None, &startup);
    // AuthenticationSASL.
    let (kind, body) = receive(&mut server)?;
    assert_eq!((kind, &body[..]), (b'R', &b"\0\0\0\x0aOAUTHBEARER\0\0"[..]));
    let auth = token.map_or(String::new(), |token| format!("Bearer {token}"));
    let first = format!("n,,\x01auth={auth}\x01\x01");
    let mut response = b"OAUTHBEARER\0".to_vec();
    let length = u32::try_from(first.len()).expect("a short message");
    response.extend(length.to_be_bytes());
    response.extend(first.as_bytes());
    send(&mut server, Some(b'p'), &response);
    let (_, body) = receive(&mut server)?;
    match body.first_chunk() {
        // AuthenticationOk.
        Some([0, 0, 0, 0]) => Ok(server),
        // AuthenticationSASLContinue, with the error as JSON (section 3.2.2).
        Some([0, 0, 0, 11]) => {
            let error: Value = serde_json::from_slice(&body[4..]).expect("it is JSON");
            assert_eq!(error["status"], json!("invalid_token"));
            send(&mut server, Some(b'p'), b"\x01");
            Err(receive(&mut server).expect_err("the login fails"))
        }
        other => panic!("{other:?}"),
    }
}

fn send(server: &mut UnixStream, kind: Option<u8>, body: &[u8]) {
    let mut message = Vec::from_iter(kind);
    let length = u32::try_from(body.len() + 4).expect("a short message");
    message.extend(length.to_be_bytes());
    message.extend(body);
    server.write_all(&message).expect("the server reads");
}

/// The next message; the text of it if it is an error.
fn receive(server: &mut UnixStream) -> Result<(u8, Vec<u8>), String> {
    let mut head = [0; 5];
    server.read_exact(&mut head).expect("a message");
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let mut body = vec![0; usize::try_from(length).expect("a length") - 4];
    server.read_exact(&mut body).expect("a whole message");
    match head[0] {
        b'E' => Err(String::from_utf8_lossy(&body).replace('\0', " ")),
        kind => Ok((kind, body)),
    }
}
