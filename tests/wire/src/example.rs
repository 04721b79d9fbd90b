//! A program of `examples`, run as its reader runs it: on the database of `examples/setup.sql`,
//! with the packages that it pins.

use crate::page;
use crate::{http, script, wait_until};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use pgrx_embed::{clients, dirs};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running example and its server.
pub struct Example {
    child: Child,
    port: u16,
    dir: PathBuf,
    packages: PathBuf,
    /// The command line that starts it.
    line: &'static [&'static str],
    // This field is last: the program ends before the server.
    pub cluster: Cluster,
}

impl Example {
    /// Starts a server and the example. `extra`: a file of the test beside those of the example.
    /// Returns `None` if its packages cannot be installed.
    pub fn start(
        name: &str,
        line: &'static [&'static str],
        extra: Option<(&str, &str)>,
    ) -> Option<Self> {
        let packages = script::installed(clients::example(name))?;
        let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
        let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
        page::database(&cluster, "wire");
        let examples = dirs::checkout().join("examples");
        let setup = fs::read_to_string(examples.join("setup.sql")).expect("the file is there");
        // It may run again.
        for _ in 0..2 {
            page::run(&cluster, "wire", &setup);
        }
        let dir = cluster.dir().join(name);
        copy(&examples.join(name), &dir);
        if let Some((file, source)) = extra {
            fs::write(dir.join(file), source).expect("the file is written");
        }
        let modules = packages.join("node_modules");
        if modules.is_dir() {
            std::os::unix::fs::symlink(modules, dir.join("node_modules")).expect("it is linked");
        }
        let port = Cluster::free_port().expect("a port is free");
        let child = spawn(&cluster, &dir, &packages, line, port);
        let mut example = Self {
            child,
            port,
            dir,
            packages,
            line,
            cluster,
        };
        example.wait();
        Some(example)
    }

    /// Kills the example and starts it anew, doing something in between.
    pub fn restart(&mut self, meanwhile: impl FnOnce(&Cluster)) {
        self.kill();
        meanwhile(&self.cluster);
        self.child = spawn(
            &self.cluster,
            &self.dir,
            &self.packages,
            self.line,
            self.port,
        );
        self.wait();
    }

    /// Everything that the example has written so far.
    pub fn log(&self) -> String {
        fs::read_to_string(log_file(&self.dir)).expect("the log is text")
    }

    /// Sends a request with these header lines and JSON. Returns the status, the head and the JSON
    /// of the response.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &Value,
    ) -> (u16, String, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let length = format!("Content-Length: {}", body.len());
        let json: &[&str] = &["Host: localhost", "Content-Type: application/json", &length];
        let answer = http::send(self.port, method, path, &[headers, json].concat(), &body);
        let value = serde_json::from_str(&answer.body).unwrap_or_else(|_| json!(answer.body));
        (answer.status, answer.head, value)
    }

    /// The same with a bearer token, without the head of the response.
    pub fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let header = format!("Authorization: Bearer {token}");
        let (status, _, value) = self.send(method, path, &[&header], body);
        (status, value)
    }

    /// Gets a path with a bearer token.
    pub fn get(&self, token: &str, path: &str) -> (u16, Value) {
        self.ask(token, "GET", path, &Value::Null)
    }

    fn wait(&mut self) {
        let listens = || {
            let ended = self.child.try_wait().expect("it is a child");
            let log = fs::read_to_string(log_file(&self.dir)).unwrap_or_default();
            assert!(ended.is_none(), "the example has ended:\n{log}");
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        };
        wait_until(listens, "the example listens");
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the example wrote:\n{}", self.log());
        }
    }
}

fn log_file(dir: &Path) -> PathBuf {
    dir.with_extension("log")
}

fn spawn(cluster: &Cluster, dir: &Path, packages: &Path, line: &[&str], port: u16) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_file(dir))
        .expect("the log is there");
    Command::new(line[0])
        .args(&line[1..])
        .current_dir(dir)
        .env("PORT", port.to_string())
        .env("DATABASE_URL", cluster.uri("app", "wire"))
        .env("EVENTS_URL", cluster.uri("listener", "wire"))
        .env("PYTHONPATH", packages)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("the example starts")
}

/// Copies a directory of the checkout, without packages that its reader has installed there.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("the directory is made");
    for entry in fs::read_dir(from).expect("the directory is there") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if name == "node_modules" {
            continue;
        }
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(name)),
            false => drop(fs::copy(entry.path(), to.join(name)).expect("the file is copied")),
        }
    }
}
