//! The program that verifies outside a server: it is built for release, started, and sent
//! questions.

use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Context, Error, Result};
use pgrx_embed::signals::{self, Registered};
use pgrx_embed::{command, dirs, pgrx, procfs};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The name of the example that is this program.
const PROGRAM: &str = "verifier";

/// The running program, which ends when this is dropped.
pub struct Verifier {
    dir: PathBuf,
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    _ends_with_us: Registered,
}

impl Verifier {
    /// Builds the program in the directory of the extension's build, which already has its
    /// dependencies, and starts it.
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

    /// Microseconds to verify one token completely.
    pub fn cold(&mut self, algorithm: &str) -> Result<f64> {
        self.ask("cold", algorithm)
    }

    /// Microseconds to verify one token's signature, by the library alone.
    pub fn raw(&mut self, algorithm: &str) -> Result<f64> {
        self.ask("raw", algorithm)
    }

    /// Microseconds to sign one token's text with ES256, by the library alone. With several threads
    /// it is the time from one signature of any thread to the next.
    pub fn sign(&mut self, threads: usize) -> Result<f64> {
        self.ask(&format!("sign-{threads}"), "ES256")
    }

    /// The measured tokens, one a line.
    pub fn tokens(&self, algorithm: &str) -> Result<String> {
        Ok(fs::read_to_string(
            self.dir.join(format!("{algorithm}.tokens")),
        )?)
    }

    /// Logout tokens of the key of ES256, one a line.
    pub fn events(&self) -> Result<String> {
        Ok(fs::read_to_string(self.dir.join("ES256.events"))?)
    }

    /// The JWK or the secret that verifies the tokens.
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

/// The error for a program that has ended. The program has printed the reason on stderr.
fn broken() -> Error {
    Error::new("the verifier does not answer")
}

impl Drop for Verifier {
    /// The program ends when its input ends.
    fn drop(&mut self) {
        self.questions.take();
        let _ = self.child.wait();
    }
}
