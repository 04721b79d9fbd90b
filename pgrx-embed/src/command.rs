//! Running other programs: their progress goes to stderr, and their failure becomes an error.

use crate::error::{Context, Error, Result};
use crate::procfs;
use crate::signals::{self, Registered};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Tells the person at the terminal which step is running.
pub fn progress(message: impl AsRef<str>) {
    eprintln!("==> {}", message.as_ref());
}

thread_local! {
    /// The texts that this thread has not shown yet, if it keeps them.
    static KEPT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Shows lines on stdout, or keeps them for [`kept`].
pub fn show(lines: &str) {
    KEPT.with_borrow_mut(|kept| match kept {
        Some(kept) => {
            kept.push_str(lines);
            kept.push('\n');
        }
        None => println!("{lines}"),
    });
}

/// Does work that goes on beside other work of the tool. Returns its result and the lines that it
/// would have shown meanwhile.
pub fn kept<R>(work: impl FnOnce() -> R) -> (R, String) {
    KEPT.replace(Some(String::new()));
    let result = work();
    (result, KEPT.take().unwrap_or_default())
}

/// Runs a command with all its output on stderr.
pub fn run(command: &mut Command) -> Result<()> {
    finish(command.stdin(Stdio::null()).stdout(std::io::stderr()))
}

/// Runs a command and discards its stdout, which only its authors need.
pub fn run_briefly(command: &mut Command) -> Result<()> {
    finish(command.stdin(Stdio::null()).stdout(Stdio::null()))
}

/// Runs a command quietly and returns what it wrote to stdout.
pub fn capture(command: &mut Command) -> Result<String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = Started::new(command)?.wait(command)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(failed(command, &output)),
    }
}

/// Runs a command and shows its stdout as it arrives. Returns true if the command succeeded, and
/// the stdout.
pub fn tee(command: &mut Command) -> Result<(bool, String)> {
    let mut started = Started::new(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let mut seen = String::new();
    if let Some(stdout) = started.child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            show(&line);
            seen.push_str(&line);
            seen.push('\n');
        }
    }
    std::io::stdout().flush()?;
    Ok((started.wait(command)?.status.success(), seen))
}

/// The first program of that name on the PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

fn finish(command: &mut Command) -> Result<()> {
    let output = Started::new(command)?.wait(command)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(command, &output)),
    }
}

/// A running command, which is stopped if the tool is interrupted.
struct Started {
    child: Child,
    _ends_with_us: Registered,
}

impl Started {
    fn new(command: &mut Command) -> Result<Started> {
        let (child, _ends_with_us) = signals::spawn(command, procfs::end)
            .context(|| format!("cannot start {}", name(command)))?;
        Ok(Started {
            child,
            _ends_with_us,
        })
    }

    fn wait(self, command: &Command) -> Result<Output> {
        self.child
            .wait_with_output()
            .context(|| format!("cannot wait for {}", name(command)))
    }
}

fn failed(command: &Command, output: &Output) -> Error {
    let told = String::from_utf8_lossy(&output.stderr);
    let told = told.trim();
    let message = format!("{} failed ({})", name(command), output.status);
    match told.is_empty() {
        true => Error::new(message),
        false => Error::new(format!("{message}: {told}")),
    }
}

/// The program and its first argument: enough to know which step failed.
fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy();
    match command.get_args().next() {
        Some(first) => format!("{program} {}", first.to_string_lossy()),
        None => program.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_beside_other_work_is_shown_when_it_is_done() {
        let (succeeded, told) = kept(|| {
            show("first");
            tee(Command::new("echo").arg("second")).unwrap().0
        });
        assert!(succeeded);
        assert_eq!(told, "first\nsecond\n");
        assert_eq!(kept(|| ()).1, "");
    }
}
