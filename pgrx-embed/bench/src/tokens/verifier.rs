//! The program that verifies outside a server: built for release, started, asked.

use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Context, Error, Result};
use pgrx_embed::signals::{self, Registered};
use pgrx_embed::{command, dirs, pgrx, procfs};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Its example.
const PROGRAM: &str = "verifier";

/// The running program, which ends with this.
pub struct Verifier {
    dir: PathBuf,
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    _ends_with_us: Registered,
}

impl Verifier {
    /// Builds where the extension was built: its dependencies are there already.
    pub fn start(cluster: &Cluster) -> Result<Verifier> {
        command::progress("building the verifier and signing tokens");
        let mut build = pgrx::cargo(cluster.install())?;
        build.args([
            "build",
            "--release",
            "--package",
            "authguard-bench",
            "--example",
        ]);
        command::run_briefly(build.arg(PROGRAM)).context(|| "cannot build the verifier".into())?;
        let dir = dirs::readable_dir(cluster.dir().join("tokens"))?;
        let examples = dirs::target("release/examples");
        let mut command = Command::new(examples.join(PROGRAM));
        command
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let (mut child, _ends_with_us) = signals::spawn(&mut command, procfs::end)
            .context(|| "cannot start the verifier".into())?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        let mut verifier = Verifier {
            dir,
            child,
            questions,
            answers: BufReader::new(answers.ok_or_else(broken)?),
            _ends_with_us,
        };
        match verifier.answer()?.as_str() {
            "ready" => Ok(verifier),
            _ => Err(broken()),
        }
    }

    /// Microseconds to verify one token, all of it.
    pub fn cold(&mut self, algorithm: &str) -> Result<f64> {
        self.ask("cold", algorithm)
    }

    /// Microseconds to verify its signature by the library alone.
    pub fn raw(&mut self, algorithm: &str) -> Result<f64> {
        self.ask("raw", algorithm)
    }

    /// Microseconds to sign one token's text with ES256 by the library alone; from one signature to
    /// the next of any, where so many threads sign.
    pub fn sign(&mut self, threads: usize) -> Result<f64> {
        self.ask(&format!("sign-{threads}"), "ES256")
    }

    /// The tokens that are measured, one a line.
    pub fn tokens(&self, algorithm: &str) -> Result<String> {
        Ok(fs::read_to_string(
            self.dir.join(format!("{algorithm}.tokens")),
        )?)
    }

    /// The JWK that verifies them, or the secret.
    pub fn key(&self, algorithm: &str) -> Result<String> {
        Ok(fs::read_to_string(
            self.dir.join(format!("{algorithm}.key")),
        )?)
    }

    fn ask(&mut self, what: &str, algorithm: &str) -> Result<f64> {
        let questions = self.questions.as_mut().ok_or_else(broken)?;
        writeln!(questions, "{what} {algorithm}")?;
        self.answer()?.parse().map_err(|_| broken())
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

/// It has said why on stderr.
fn broken() -> Error {
    Error::new("the verifier does not answer")
}

impl Drop for Verifier {
    /// It ends with its input.
    fn drop(&mut self) {
        self.questions.take();
        let _ = self.child.wait();
    }
}
