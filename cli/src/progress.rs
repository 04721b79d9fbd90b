//! One line on the terminal that says what is being done, if it takes longer than a second.

use crate::terminal::printable;
use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long nothing is shown, and then how often.
const PATIENCE: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(200);

/// Where to say which step this is.
#[derive(Clone, Default)]
pub struct Step(Rc<RefCell<String>>);

impl Step {
    /// Says it.
    pub fn set(&self, step: String) {
        self.0.replace(step);
    }
}

/// A line on stderr. It is gone when this is dropped.
pub struct Progress {
    what: String,
    step: Step,
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
            step: Step::default(),
            statements: 0,
            begun: Instant::now(),
            shown: None,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Returns where to say which step this is.
    pub fn step(&self) -> Step {
        self.step.clone()
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
                self.step.0.borrow(),
                self.statements,
                self.begun.elapsed().as_secs()
            );
            erase(&printable(&line));
            self.shown = Some(Instant::now());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            erase("");
        }
    }
}

/// Writes a text in the place of the line.
fn erase(text: &str) {
    let mut terminal = std::io::stderr();
    let _ = write!(terminal, "\r\x1b[K{text}").and_then(|()| terminal.flush());
}
