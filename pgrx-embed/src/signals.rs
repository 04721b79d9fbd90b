//! Ctrl-C, SIGTERM and a closed terminal: everything that was started is stopped before the tool
//! ends.
//!
//! The signal handler only writes the signal's number into a pipe. A thread reads it and does the
//! rest as ordinary code. No signal is blocked or ignored, since children would inherit that.
#![allow(unsafe_code)]

use std::io::{self, Read};
use std::os::fd::{IntoRawFd, RawFd};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

type Cleanup = Box<dyn FnOnce() + Send>;

struct State {
    interrupted: bool,
    last_id: u64,
    cleanups: Vec<(u64, Cleanup)>,
}

static STATE: Mutex<State> = Mutex::new(State {
    interrupted: false,
    last_id: 0,
    cleanups: Vec::new(),
});

/// Keeps a clean-up registered until it is dropped.
#[must_use]
pub struct Registered(u64);

/// Registers what an interrupt has to undo. The last registration is undone first.
pub fn on_interrupt(cleanup: impl FnOnce() + Send + 'static) -> Registered {
    state().register(Box::new(cleanup))
}

/// Starts a process and registers the function that ends it, so that no interrupt comes in between.
pub fn spawn(command: &mut Command, end: fn(i32)) -> io::Result<(Child, Registered)> {
    let mut state = state();
    let child = command.spawn()?;
    let pid = child.id() as i32;
    let registered = state.register(Box::new(move || end(pid)));
    Ok((child, registered))
}

impl State {
    fn register(&mut self, cleanup: Cleanup) -> Registered {
        self.last_id += 1;
        self.cleanups.push((self.last_id, cleanup));
        Registered(self.last_id)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        state().cleanups.retain(|(id, _)| *id != self.0);
    }
}

/// The state of the clean-up. After an interrupt only the clean-up goes on: every other thread
/// waits here until the process ends.
fn state() -> MutexGuard<'static, State> {
    let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if !state.interrupted {
        return state;
    }
    drop(state);
    loop {
        std::thread::park();
    }
}

static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Makes Ctrl-C, SIGTERM and SIGHUP undo everything that is registered, and then end the process.
pub fn install() -> io::Result<()> {
    let (mut reader, writer) = io::pipe()?;
    PIPE.store(writer.into_raw_fd(), Ordering::Relaxed);
    std::thread::spawn(move || {
        let mut signal = [0];
        if reader.read_exact(&mut signal).is_ok() {
            undo();
            std::process::exit(128 + i32::from(signal[0]));
        }
    });
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler makes one call, which POSIX lists as safe in handlers, and the pipe
        // it writes to is never closed.
        unsafe { libc::signal(signal, handler as *const () as libc::sighandler_t) };
    }
    Ok(())
}

extern "C" fn handler(signal: i32) {
    let pipe: RawFd = PIPE.load(Ordering::Relaxed);
    let number = signal as u8;
    // SAFETY: one byte is read from `number`, which lives until the call returns.
    unsafe { libc::write(pipe, (&raw const number).cast(), 1) };
}

fn undo() {
    eprintln!("interrupted: stopping what was started");
    let cleanups = {
        let mut state = state();
        state.interrupted = true;
        std::mem::take(&mut state.cleanups)
    };
    for (_, cleanup) in cleanups.into_iter().rev() {
        cleanup();
    }
}
