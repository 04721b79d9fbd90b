//! A suite of tests: its files, and one run of them.

use super::lexer::{Lexer, Piece, Variables};
use super::meta::{self, Meta};
use super::tap::Tap;
use crate::error::{Error, Result};
use crate::session::Session;
use authguard_policy::Row;
use std::fs;
use std::path::{Path, PathBuf};

/// The savepoint of a file's own transaction.
const TRANSACTION: &str = "authguard_transaction";
/// How deep files may read others.
const DEPTH: usize = 16;

/// Files of SQL that test something.
pub struct Suite {
    files: Vec<(PathBuf, String)>,
}

/// What a run has shown.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many tests ran.
    pub tests: usize,
    /// What went wrong.
    pub failures: Vec<Failure>,
}

/// A test that failed, or an error.
#[derive(Debug)]
pub struct Failure {
    /// The file, with a line if one is known.
    pub place: String,
    /// What went wrong.
    pub message: String,
}

impl Suite {
    /// Reads the files.
    pub fn read(files: &[String]) -> Result<Self> {
        let read = files.iter().map(|file| {
            let path = PathBuf::from(file);
            let text = fs::read_to_string(&path)
                .map_err(|error| Error::new(format!("cannot read {file}: {error}")))?;
            Ok((path, text))
        });
        let files = read.collect::<Result<Vec<_>>>()?;
        match files.is_empty() {
            false => Ok(Self { files }),
            true => Err(Error::new("no file of tests is named")),
        }
    }

    /// Runs each file and undoes it.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        for (path, text) in &self.files {
            session.run("savepoint authguard_file")?;
            let mut run = Run {
                session: &mut *session,
                variables: Variables::new(),
                tap: Tap::default(),
                block: Block::None,
                failures: Vec::new(),
            };
            run.file(path, text, 0)?;
            run.tap.end();
            let name = path.display();
            outcome.tests += run.tap.tests;
            outcome.failures.append(&mut run.failures);
            outcome
                .failures
                .extend(run.tap.failures.into_iter().map(|message| Failure {
                    place: name.to_string(),
                    message,
                }));
            session
                .run("rollback to savepoint authguard_file; release savepoint authguard_file")?;
        }
        Ok(outcome)
    }
}

/// A transaction of the file itself, which is a savepoint here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Open,
    /// After an error, Postgres does nothing up to the end of the transaction.
    Aborted,
}

struct Run<'a> {
    session: &'a mut Session,
    variables: Variables,
    tap: Tap,
    block: Block,
    failures: Vec<Failure>,
}

impl Run<'_> {
    /// Runs the pieces of a file. Returns false if it says that nothing more is to be read.
    fn file(&mut self, path: &Path, text: &str, depth: usize) -> Result<bool> {
        let mut lexer = Lexer::new(text);
        while let Some((line, piece)) = lexer.next(&self.variables) {
            let place = format!("{}:{line}", path.display());
            match piece {
                Piece::Statement(sql, None) => self.statement(&place, &sql, None)?,
                Piece::Statement(sql, Some(end)) => match meta::read(&end) {
                    Ok(Meta::Go) => self.statement(&place, &sql, None)?,
                    Ok(Meta::Gset(prefix)) => self.statement(&place, &sql, Some(&prefix))?,
                    Ok(_) => self.fail(&place, format!("\\{end} is within a statement")),
                    Err(message) => self.fail(&place, message),
                },
                Piece::Command(command) => match meta::read(&command) {
                    Err(message) => self.fail(&place, message),
                    Ok(Meta::Nothing) => {}
                    Ok(Meta::Quit) => return Ok(false),
                    Ok(Meta::Set(name, value)) => {
                        self.variables.insert(name, value);
                    }
                    Ok(Meta::Unset(name)) => {
                        self.variables.remove(&name);
                    }
                    Ok(Meta::Go | Meta::Gset(_)) => {
                        self.fail(&place, format!("\\{command} has no statement before it"));
                    }
                    Ok(Meta::Include(file, beside)) => {
                        let of = match (beside, path.parent()) {
                            (true, Some(dir)) => dir.join(&file),
                            _ => PathBuf::from(&file),
                        };
                        let text = match fs::read_to_string(&of) {
                            Ok(text) if depth < DEPTH => text,
                            Ok(_) => {
                                self.fail(&place, format!("{file} reads itself"));
                                continue;
                            }
                            Err(error) => {
                                self.fail(&place, format!("cannot read {file}: {error}"));
                                continue;
                            }
                        };
                        if !self.file(&of, &text, depth + 1)? {
                            return Ok(false);
                        }
                    }
                },
            }
        }
        Ok(true)
    }

    /// Runs a statement. With a prefix, its row is kept in variables.
    fn statement(&mut self, place: &str, sql: &str, prefix: Option<&str>) -> Result<()> {
        let words = first_words(sql);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["begin", ..] | ["start", "transaction", ..] => return self.begin(),
            ["commit" | "end", ..] => return self.end(true),
            ["savepoint", ..] if self.block == Block::Open => return self.savepoint(place, sql),
            ["release", ..]
            | ["rollback" | "abort", "to", ..]
            | ["rollback" | "abort", "work" | "transaction", "to", ..] => {
                return self.to_savepoint(place, sql);
            }
            ["rollback" | "abort", ..] => return self.end(false),
            ["prepare", "transaction", ..] => {
                self.fail(place, "a prepared transaction cannot be undone".to_owned());
                return Ok(());
            }
            ["copy", ..] if has_word(sql, "stdin") || has_word(sql, "stdout") => {
                self.fail(
                    place,
                    "COPY from or to the client is not supported".to_owned(),
                );
                return Ok(());
            }
            _ => {}
        }
        if self.block == Block::Aborted {
            return Ok(());
        }
        self.session.run("savepoint authguard_statement")?;
        match self.session.run_with_names(sql) {
            Ok((names, rows)) => {
                for row in &rows {
                    let columns: Vec<&str> = row
                        .iter()
                        .map(|text| text.as_deref().unwrap_or(""))
                        .collect();
                    self.tap.read(&columns.join("|"));
                }
                if let Some(prefix) = prefix {
                    self.keep(place, prefix, &names, rows);
                }
                self.session.run("release savepoint authguard_statement")?;
            }
            Err(error) if self.session.ended().is_some() => return Err(error.into()),
            Err(error) => {
                self.fail(
                    place,
                    format!("{} (SQLSTATE {})", error.message, error.sqlstate),
                );
                self.session.run(
                    "rollback to savepoint authguard_statement; release savepoint authguard_statement",
                )?;
                if self.block == Block::Open {
                    self.block = Block::Aborted;
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, place: &str, prefix: &str, names: &[String], mut rows: Vec<Row>) {
        let (Some(row), true) = (rows.pop(), rows.is_empty()) else {
            self.fail(place, "\\gset needs one row".to_owned());
            return;
        };
        for (name, value) in names.iter().zip(row) {
            let name = format!("{prefix}{name}");
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
    }

    fn begin(&mut self) -> Result<()> {
        // Within a transaction, Postgres warns only.
        if self.block == Block::None {
            self.session.run(&format!("savepoint {TRANSACTION}"))?;
            self.block = Block::Open;
        }
        Ok(())
    }

    fn end(&mut self, commit: bool) -> Result<()> {
        if self.block == Block::None {
            return Ok(());
        }
        if !commit || self.block == Block::Aborted {
            self.session
                .run(&format!("rollback to savepoint {TRANSACTION}"))?;
        }
        self.session
            .run(&format!("release savepoint {TRANSACTION}"))?;
        self.block = Block::None;
        Ok(())
    }

    /// Makes a savepoint of the file, which no other savepoint may be around.
    fn savepoint(&mut self, place: &str, sql: &str) -> Result<()> {
        if let Err(error) = self.session.run(sql) {
            self.fail(place, error.message);
            self.session
                .run(&format!("rollback to savepoint {TRANSACTION}"))?;
            self.block = Block::Aborted;
        }
        Ok(())
    }

    /// Releases a savepoint of the file, or goes back to it, which ends the wait after an error.
    fn to_savepoint(&mut self, place: &str, sql: &str) -> Result<()> {
        self.session.run("savepoint authguard_statement")?;
        let goes_back = !matches!(&first_words(sql)[..], [first, ..] if first == "release");
        match self.session.run(sql) {
            // That ended the savepoint of this statement, too.
            Ok(_) if goes_back && self.block == Block::Aborted => self.block = Block::Open,
            Ok(_) => {}
            Err(error) => {
                self.session.run(
                    "rollback to savepoint authguard_statement; release savepoint authguard_statement",
                )?;
                self.fail(place, error.message);
            }
        }
        Ok(())
    }

    fn fail(&mut self, place: &str, message: String) {
        self.failures.push(Failure {
            place: place.to_owned(),
            message,
        });
    }
}

/// The first words of a statement, in lower case.
fn first_words(sql: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = sql
        .split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty());
    words.take(3).map(str::to_lowercase).collect()
}

fn has_word(sql: &str, word: &str) -> bool {
    let mut words = sql.split(|c: char| !c.is_alphanumeric());
    words.any(|of| of.eq_ignore_ascii_case(word))
}
