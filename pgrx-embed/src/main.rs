//! The command line of `cargo embed`.

use clap::{Args, Parser, Subcommand};
use pgrx_embed::error::{Error, Result};
use pgrx_embed::postgres::{DEFAULT_MAJOR, MAJORS};
use pgrx_embed::suites::{self, Majors, Suite};
use pgrx_embed::{
    demo, dirs, package, packages, program, reference, schema, server, signals, source,
};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

/// Manage a private Postgres with authguard in it, run the tests and the benchmarks.
#[derive(Parser)]
#[command(name = "cargo embed", bin_name = "cargo embed", version)]
struct Cli {
    /// As root, let apt-get install missing system packages
    #[arg(long, global = true)]
    install: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the extension and start a private server with it; the last line is its address
    Up(Which),
    /// Stop what `up` started from here and remove its data: all, or one by port or version
    Down(Which),
    /// Run psql on the running server
    Psql {
        #[command(flatten)]
        which: Which,
        /// Arguments for psql
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Start a server and see a token revoked while it is unexpired; leaves the server running
    Demo {
        #[command(flatten)]
        which: Which,
        /// Also write a picture of the first story's output, an SVG: docs/demo.svg in README
        #[arg(long, value_name = "FILE")]
        picture: Option<PathBuf>,
    },
    /// Measure the checks against their alternatives; `cargo embed bench --help` has the details
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments for the crate in pgrx-embed/bench
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run the tests: one suite, or all
    Test {
        suite: Option<Suite>,
        /// The major version of Postgres, 14 to 18, or `all`
        #[arg(long, value_name = "MAJOR", value_parser = suites::parse_majors)]
        pg: Option<Majors>,
        /// Run regress, isolation and wire on a Postgres with its assertions (15 and 18), as it is
        /// and with parallel plans forced; the first time builds it from Debian's source
        #[arg(long)]
        assert: bool,
    },
    /// Build the packages of a release into `target/packages`; their names go to stdout
    Package {
        /// The major version of Postgres, 14 to 18, or `all`
        #[arg(long, value_name = "MAJOR", value_parser = suites::parse_majors)]
        #[arg(default_value = "all")]
        pg: Majors,
    },
    /// Write docs/reference anew, from the comments and descriptions of the extension
    Reference {
        /// Compare with the pages instead, and fail if they differ
        #[arg(long)]
        check: bool,
    },
    /// Write the install script's snapshot anew
    Schema {
        /// Compare with the snapshot instead, and fail if they differ
        #[arg(long)]
        check: bool,
    },
}

#[derive(Args)]
struct Which {
    /// The major version of Postgres, 14 to 18
    #[arg(long, value_name = "MAJOR", value_parser = source::parse_major)]
    pg: Option<u16>,
    /// The port on 127.0.0.1
    #[arg(long, value_name = "PORT")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
}

impl Which {
    /// The same choice as arguments.
    fn args(&self) -> Vec<String> {
        let pg = self.pg.map(|major| format!("--pg={major}"));
        let port = self.port.map(|port| format!("--port={port}"));
        pg.into_iter().chain(port).collect()
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.install {
        packages::allow_installing();
    }
    program::run(|| run(cli.command))
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Up(which) => {
            let server = server::up(which.pg.unwrap_or(DEFAULT_MAJOR), which.port)?;
            let port = server.port;
            eprintln!("connect: cargo embed psql --port {port}");
            eprintln!("stop:    cargo embed down --port {port}");
            eprintln!("it trusts every user of this machine: put nothing secret into it");
            println!("{}", server.uri());
        }
        Command::Down(which) => server::down(which.port, which.pg)?,
        Command::Psql { which, args } => server::psql(which.port, which.pg, &args)?,
        Command::Demo {
            which,
            picture: Some(file),
        } => demo::picture::write(&file, &which.args())?,
        Command::Demo {
            which,
            picture: None,
        } => {
            let server = server::up(which.pg.unwrap_or(DEFAULT_MAJOR), which.port)?;
            let told = {
                let doomed = server.clone();
                let _stopped = signals::on_interrupt(move || drop(doomed.stop()));
                demo::tell(&server)
            };
            if let Err(error) = told {
                server.stop()?;
                return Err(error);
            }
            demo::farewell(&server);
        }
        Command::Bench { args } => return Err(bench(&args)),
        Command::Test { suite, pg, assert } => {
            let majors = pg.unwrap_or(Majors::One(DEFAULT_MAJOR));
            let total = match assert {
                true => suites::run_with_assertions(suite, majors)?,
                false => suites::run(suite, majors),
            };
            if total.failed > 0 {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Package { pg } => {
            let majors = match pg {
                Majors::One(major) => vec![major],
                Majors::All => MAJORS.to_vec(),
            };
            for made in package::build(&majors)? {
                println!("{}", made.display());
            }
        }
        Command::Reference { check } => {
            let install = server::built_for_tests(DEFAULT_MAJOR)?;
            match check {
                true => reference::check(&install)?,
                false => reference::accept(&install)?,
            }
        }
        Command::Schema { check } => {
            let install = server::built_for_tests(DEFAULT_MAJOR)?;
            match check {
                true => schema::check(&install)?,
                false => schema::accept(&install)?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Replaces this process by the bench, which is a crate of its own: building the tool does not
/// build it. Returns only if that fails.
fn bench(args: &[String]) -> Error {
    let manifest = dirs::checkout().join("Cargo.toml");
    let mut cargo = std::process::Command::new("cargo");
    cargo.arg("run").arg("--manifest-path").arg(manifest);
    cargo
        .args(["--package", "authguard-bench", "--"])
        .args(args);
    Error::new(format!(
        "cannot start cargo: {}",
        packages::pass_on(&mut cargo).exec()
    ))
}
