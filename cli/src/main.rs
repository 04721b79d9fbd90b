//! The command line of authguard: policies of row-level security, seen over a connection.
//!
//! What decides is in the crate `authguard-policy`. This crate connects, runs its questions in one
//! transaction that is rolled back, and writes the answers.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod arguments;
mod config;
mod connect;
mod error;
mod output;
mod progress;
mod script;
mod session;

use arguments::Arguments;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    println!("{arguments:?}");
    let address = connect::Address::gather(None).unwrap();
    let mut session = session::Session::open(&address, session::Access::Trial, "x").unwrap();
    session.at("a");
    println!("{:?}", session.run("select 1"));
    ExitCode::SUCCESS
}
