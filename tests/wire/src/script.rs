//! Clients in other languages, which answer each line with a line. Their scripts are in
//! `tests/wire/clients`.

use pgrx_embed::clients;
use pgrx_embed::error::Result;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The directory of installed clients. If they cannot be installed, returns `None` and says so on
/// the terminal.
pub fn installed(clients: Result<PathBuf>) -> Option<PathBuf> {
    clients
        .inspect_err(|error| {
            // Unlike `eprintln!`, a write to stderr is not captured by the test runner.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {error}");
        })
        .ok()
}

/// A running client.
pub struct Script {
    child: Child,
    file: PathBuf,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Script {
    /// Runs a module of Node in the directory of its packages.
    pub fn node(name: &str, source: &str, environment: &[(&str, String)]) -> Option<Self> {
        let dir = installed(clients::node())?;
        // Node resolves a module's imports from the directory of that module.
        Some(Self::start(
            Command::new("node"),
            &dir,
            name,
            source,
            environment,
        ))
    }

    /// Runs Python with its packages.
    pub fn python(name: &str, source: &str, environment: &[(&str, String)]) -> Option<Self> {
        let dir = installed(clients::python())?;
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", &dir);
        Some(Self::start(command, &dir, name, source, environment))
    }

    fn start(
        mut command: Command,
        dir: &Path,
        name: &str,
        source: &str,
        environment: &[(&str, String)],
    ) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Another run, or another test of this run, may use the same directory.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = dir.join(format!("{}-{count}-{name}", std::process::id()));
        std::fs::write(&file, source).expect("the script is written");
        let mut child = command
            .arg(&file)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the client starts");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            file,
            input,
            output,
        }
    }

    /// Sends a line, and waits for the line that answers it.
    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").expect("the client reads");
        let mut answer = String::new();
        self.output
            .read_line(&mut answer)
            .expect("the client writes");
        serde_json::from_str(&answer)
            .unwrap_or_else(|_| panic!("no answer to {question}: {answer}"))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.file);
    }
}
