//! The arguments of the program.

use crate::connect;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use std::path::PathBuf;

/// Lints, explains and tests row-level security policies, over a connection to any Postgres 14 to
/// 18, with the extension authguard in it or without.
#[derive(Debug, Parser)]
#[command(name = "authguard", version, arg_required_else_help = true, after_help = CONNECTIONS)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const CONNECTIONS: &str = "\
CONNECTION is an address as psql takes it, postgresql://user@host/database or key=value pairs. What
it leaves out comes from PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSERVICE, PGSSLMODE,
PGSSLROOTCERT and the other variables of libpq, from ~/.pg_service.conf and from ~/.pgpass.

Nothing stays in the database: lint only reads, the other commands undo what they try.

Exit status: 0 if there is nothing to report, 1 if there is, 2 if the command could not be run.
`authguard COMMAND --help` has examples. docs/cli.md has the rest.";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists mistakes in policies, grants, views and functions, each with what mends it
    Lint(Lint),
    /// Explains why a role may or may not do something with a row
    Explain(Explain),
    /// Says true or false: may this role do that with this row?
    Can(Can),
    /// Shows what each identity may do with each table
    Matrix(Matrix),
    /// Writes down what each identity may do, for a later diff
    Snapshot(Snapshot),
    /// Shows what changed between two snapshots, or what a migration would change
    Diff(Diff),
    /// Runs tests in SQL and shows which clauses of policies they have tried
    Coverage(Coverage),
    /// Runs tests in SQL against each mutant of each policy and lists those that no test notices
    Mutants(Mutants),
}

/// How results are written.
#[derive(Args, Debug)]
pub struct Output {
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Writes the result into this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Where the configuration is.
#[derive(Args, Debug)]
pub struct Configuration {
    /// The configuration [default: authguard.toml in the working directory, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, as psql shows rows
    Table,
    /// For programs
    Json,
    /// For GitHub code scanning (lint)
    Sarif,
    /// For GitLab and other CI systems
    Junit,
    /// For pg_prove and other harnesses
    Tap,
}

impl Format {
    /// The forms of what passes or fails.
    pub const OF_CHECKS: [Self; 4] = [Self::Table, Self::Json, Self::Junit, Self::Tap];
    /// The forms of what is only shown.
    pub const OF_ROWS: [Self; 2] = [Self::Table, Self::Json];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Tap => "tap",
        }
    }
}

/// The arguments of `lint`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  authguard lint postgresql://postgres@db.example.com/app
  authguard lint \"$DATABASE_URL\" --schema public --fail-on error
  authguard lint \"$DATABASE_URL\" --sarif out.sarif
  authguard lint \"$DATABASE_URL\" --format junit --output lint.xml

The exit status is 1 if a finding that is not accepted has at least the level of --fail-on.")]
pub struct Lint {
    /// The database: an address as psql takes it [default: PGHOST and the other variables of libpq]
    pub connection: Option<String>,
    /// Looks at this schema only; may be repeated
    #[arg(long = "schema", value_name = "NAME")]
    pub schemas: Vec<String>,
    /// Applies this rule only; may be repeated
    #[arg(long = "rule", value_name = "NAME")]
    pub rules: Vec<String>,
    /// The level from which findings count for the exit status [default: warning]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<FailOn>,
    /// Writes the findings into this file as SARIF, too
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Where the configuration is
    #[command(flatten)]
    pub configuration: Configuration,
    /// How the result is written
    #[command(flatten)]
    pub output: Output,
}

/// The lowest level that counts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors only
    Error,
    /// Errors and warnings
    Warning,
    /// Everything
    Info,
}

/// Who asks, and for which row.
#[derive(Args, Debug)]
pub struct Question {
    /// Columns that pick existing rows, as a JSON object; for insert, the new row
    #[arg(long, value_name = "JSON")]
    pub row: Option<String>,
    /// The columns that an update sets, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub new_row: Option<String>,
    /// The claims of the token, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub claims: Option<String>,
    /// The role that asks [default: that of the claims, or else the one that connects]
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
}

/// The arguments of `explain`.
#[derive(Args, Debug)]
#[command(
    override_usage = "authguard explain [OPTIONS] [CONNECTION] RELATION",
    after_help = "\
Examples:
  authguard explain postgresql://postgres@localhost/app note --row '{\"id\": 1}' \\
      --role authenticated --claims '{\"sub\": \"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"}'
  authguard explain note --command insert --row '{\"owner\": null, \"body\": \"x\"}' --role anon

CONNECTION is an address as psql takes it. Without it, PGHOST and libpq's other variables count.
The connecting role has to be able to become the role that is asked about."
)]
pub struct Explain {
    /// The database, if it is not that of the environment, and the table or view
    #[arg(value_name = "CONNECTION RELATION", required = true, num_args = 1..=2, hide = true)]
    pub words: Vec<String>,
    /// What is to be done with the row
    #[arg(long, default_value = "select", value_name = "COMMAND")]
    pub command: String,
    /// Who asks, and for which row
    #[command(flatten)]
    pub question: Question,
    /// How the result is written
    #[command(flatten)]
    pub output: Output,
}

/// The arguments of `can`.
#[derive(Args, Debug)]
#[command(
    override_usage = "authguard can [OPTIONS] [CONNECTION] COMMAND RELATION",
    after_help = "\
Examples:
  authguard can postgresql://postgres@localhost/app select note --row '{\"id\": 1}' --role anon
  authguard can update note --row '{\"id\": 1}' --new-row '{\"body\": \"y\"}' --role authenticated \\
      --claims '{\"sub\": \"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"}'

CONNECTION is an address as psql takes it. Without it, PGHOST and libpq's other variables count.
The exit status is 0 if the answer is true, and 1 if it is false."
)]
pub struct Can {
    /// The database, if it is not that of the environment, the command, and the table or view
    #[arg(value_name = "CONNECTION COMMAND RELATION", required = true, num_args = 2..=3, hide = true)]
    pub words: Vec<String>,
    /// Who asks, and for which row
    #[command(flatten)]
    pub question: Question,
    /// How the result is written
    #[command(flatten)]
    pub output: Output,
}

/// Whose access is looked at.
#[derive(Args, Debug)]
pub struct Subjects {
    /// A JSON file of identities: [{"name": "ada", "role": "authenticated", "claims": {"sub":
    /// "…"}}] [default: the identities of the configuration]
    #[arg(long, value_name = "FILE")]
    pub identities: Option<PathBuf>,
    /// Looks at this table only; may be repeated
    #[arg(long = "relation", value_name = "NAME")]
    pub relations: Vec<String>,
}

/// The arguments of `matrix`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  authguard matrix \"$DATABASE_URL\" --identities identities.json
  authguard matrix \"$DATABASE_URL\" --identities identities.json --relation note --format json")]
pub struct Matrix {
    /// The database: an address as psql takes it [default: PGHOST and the other variables of libpq]
    pub connection: Option<String>,
    /// Whose access is looked at
    #[command(flatten)]
    pub subjects: Subjects,
    /// Where the configuration is
    #[command(flatten)]
    pub configuration: Configuration,
    /// How the result is written
    #[command(flatten)]
    pub output: Output,
}

/// The arguments of `snapshot`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  authguard snapshot \"$DATABASE_URL\" --identities identities.json --output before.json")]
pub struct Snapshot {
    /// The database: an address as psql takes it [default: PGHOST and the other variables of libpq]
    pub connection: Option<String>,
    /// Whose access is looked at
    #[command(flatten)]
    pub subjects: Subjects,
    /// Writes the snapshot into this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the configuration is
    #[command(flatten)]
    pub configuration: Configuration,
}

/// The arguments of `diff`.
#[derive(Args, Debug)]
#[command(
    override_usage = "authguard diff [OPTIONS] BEFORE AFTER
       authguard diff [OPTIONS] [CONNECTION] BEFORE
       authguard diff [OPTIONS] [CONNECTION] --migration FILE",
    after_help = "\
Examples:
  authguard diff before.json after.json
  authguard diff \"$DATABASE_URL\" before.json --identities identities.json
  authguard diff \"$DATABASE_URL\" --migration 42_policies.sql --identities identities.json

CONNECTION is an address as psql takes it. Without it, PGHOST and libpq's other variables count.
A migration is run in a transaction and undone. The exit status is 1 if access has changed."
)]
pub struct Diff {
    /// The snapshots, and the database if there is one
    #[arg(value_name = "CONNECTION or FILE", num_args = 0..=2, hide = true)]
    pub words: Vec<String>,
    /// Compares the database before and after this file of SQL
    #[arg(long, value_name = "FILE")]
    pub migration: Option<PathBuf>,
    /// Whose access is looked at
    #[command(flatten)]
    pub subjects: Subjects,
    /// Where the configuration is
    #[command(flatten)]
    pub configuration: Configuration,
    /// How the result is written
    #[command(flatten)]
    pub output: Output,
}

/// The arguments of `coverage`.
#[derive(Args, Debug)]
#[command(
    override_usage = "authguard coverage [OPTIONS] [CONNECTION] FILE...",
    after_help = "\
Examples:
  authguard coverage \"$DATABASE_URL\" tests/*.sql
  authguard coverage \"$DATABASE_URL\" tests/*.sql --fail-under 80

CONNECTION is an address as psql takes it. Without it, PGHOST and libpq's other variables count.
The files are run in one transaction and undone, so they must not commit. The exit status is 1 if a
test fails, or if fewer clauses than --fail-under says have both admitted and refused a row."
)]
pub struct Coverage {
    /// The database, if it is not that of the environment, and the tests: files of SQL, with pgTAP
    #[arg(value_name = "CONNECTION FILE", required = true, num_args = 1.., hide = true)]
    pub words: Vec<String>,
    /// Looks at the policies of this schema only; may be repeated
    #[arg(long = "schema", value_name = "NAME")]
    pub schemas: Vec<String>,
    /// The percentage of clauses that the tests have to try
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub fail_under: Option<u8>,
    /// Where the configuration is
    #[command(flatten)]
    pub configuration: Configuration,
    /// How the result is written
    #[command(flatten)]
    pub output: Output,
}

/// The arguments of `mutants`.
#[derive(Args, Debug)]
#[command(
    override_usage = "authguard mutants [OPTIONS] [CONNECTION] FILE...",
    after_help = "\
Examples:
  authguard mutants \"$DATABASE_URL\" tests/*.sql
  authguard mutants \"$DATABASE_URL\" tests/*.sql --schema public --format tap

CONNECTION is an address as psql takes it. Without it, PGHOST and libpq's other variables count.
Each policy is changed in each way that a mistake would change it, and the files are run again. All
is undone. A mutant that no test notices survives; the exit status is 1 if one does."
)]
pub struct Mutants {
    /// The database, if it is not that of the environment, and the tests: files of SQL, with pgTAP
    #[arg(value_name = "CONNECTION FILE", required = true, num_args = 1.., hide = true)]
    pub words: Vec<String>,
    /// The schema whose policies are changed; may be repeated [default: public]
    #[arg(long = "schema", value_name = "NAME")]
    pub schemas: Vec<String>,
    /// Where the configuration is
    #[command(flatten)]
    pub configuration: Configuration,
    /// How the result is written
    #[command(flatten)]
    pub output: Output,
}

/// Takes the address from the front of the words, if it is there: if there is one word more than
/// the command needs, or if the first has the form of an address.
pub fn split_connection(words: &[String], needed: usize) -> (Option<&str>, &[String]) {
    match words.split_first() {
        // An empty one is a variable that is not set: as for psql, the environment counts.
        Some((first, rest))
            if rest.len() == needed || first.is_empty() || connect::is_address(first) =>
        {
            (Some(first), rest)
        }
        _ => (None, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_fit_together_and_each_command_has_examples() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for of in command.get_subcommands() {
            let help = of
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Example"), "{}", of.get_name());
            assert!(
                help.lines().all(|line| line.len() <= 100),
                "{}",
                of.get_name()
            );
        }
    }

    #[test]
    fn the_manual_page_has_each_command() {
        let page = include_str!("../../packaging/deb/cli/authguard.1");
        for of in Arguments::command().get_subcommands() {
            let about = of.get_about().map(ToString::to_string).unwrap_or_default();
            let entry = format!(".TP\n.B {}\n{about}\n", of.get_name());
            assert!(page.contains(&entry), "{entry}");
        }
    }

    #[test]
    fn a_connection_is_known_by_its_form_or_by_the_number_of_words() {
        let words = ["postgresql://h/d", "host=h", "app", "a.sql"].map(str::to_owned);
        assert_eq!(
            split_connection(&words[..1], 1),
            (Some("postgresql://h/d"), &[][..])
        );
        assert_eq!(split_connection(&words[1..], usize::MAX).0, Some("host=h"));
        assert_eq!(split_connection(&words[2..], 1), (Some("app"), &words[3..]));
        assert_eq!(
            split_connection(&words[2..], usize::MAX),
            (None, &words[2..])
        );
        assert_eq!(split_connection(&words[3..], 1), (None, &words[3..]));
        let unset = ["", "a.sql"].map(str::to_owned);
        assert_eq!(
            split_connection(&unset, usize::MAX),
            (Some(""), &unset[1..])
        );
    }
}
