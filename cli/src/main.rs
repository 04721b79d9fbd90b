//! The command line of authguard: policies of row-level security, seen over a connection.
//!
//! What decides is in the crate `authguard-policy`. This crate connects, asks in one transaction
//! that is rolled back, and writes the answers.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod arguments;
mod command;
mod config;
mod connect;
mod error;
mod output;
mod progress;
mod session;
mod terminal;

use arguments::Arguments;
use clap::Parser;
use command::Verdict;
use std::process::ExitCode;

fn main() -> ExitCode {
    // For wrong arguments, clap shows the usage and ends with 2, too.
    let arguments = Arguments::parse();
    match command::run(&arguments.command) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(error) => {
            terminal::say(&format!("authguard: {error}"));
            ExitCode::from(2)
        }
    }
}
