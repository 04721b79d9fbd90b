//! One line on the terminal that says what is being done, if it takes longer than a second.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How long nothing is shown, and then how often.
const PATIENCE: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(200);

/// A line on stderr. It is gone when this is dropped.
pub struct Progress {
    what: String,
    step: String,
    statements: u64,
    begun: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    /// Begins something that may take long.
    pub fn of(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            step: String::new(),
            statements: 0,
            begun: Instant::now(),
            shown: None,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Says which step this is.
    pub fn at(&mut self, step: String) {
        self.step = step;
    }

    /// Counts a statement, and shows the line if it is time.
    pub fn tick(&mut self) {
        self.statements += 1;
        let due = match self.shown {
            None => self.begun.elapsed() > PATIENCE,
            Some(shown) => shown.elapsed() > INTERVAL,
        };
        if self.is_terminal && due {
            let line = format!(
                "{}{}: {} statements, {} s",
                self.what,
                self.step,
                self.statements,
                self.begun.elapsed().as_secs()
            );
            eprint!("\r\x1b[K{line}");
            let _ = std::io::stderr().flush();
            self.shown = Some(Instant::now());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
