//! A script for psql, split into statements.

use std::collections::HashMap;
use std::fmt;

/// The deepest nesting of included scripts.
const MAX_INCLUDES: usize = 16;

/// A script, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its name in what is shown.
    pub name: String,
    pub(super) statements: Vec<Statement>,
}

/// Reads the script that another one includes: the name of the including script, and the path.
/// True is handed for `\ir`, whose path is relative to the including script.
pub type Include<'i> = dyn FnMut(&str, &str, bool) -> Result<(String, String), String> + 'i;

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// The script that it stands in: this one, or one that it includes.
    pub script: String,
    pub sql: String,
    /// The line on which it begins.
    pub line: usize,
    /// What it does to the transaction.
    pub control: Option<Control>,
}

/// The beginning or end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Begin,
    RollBack,
}

/// The reason why a script cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// The name of the script.
    pub script: String,
    /// The line in it.
    pub line: usize,
    /// The reason.
    pub message: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.script, self.line, self.message)
    }
}

impl std::error::Error for ScriptError {}

impl Script {
    /// Splits the text of a script. `include` reads the scripts that it includes.
    ///
    /// # Errors
    ///
    /// For what only psql can do, for `commit`, and for a quote that is not closed.
    pub fn read(name: &str, text: &str, include: &mut Include<'_>) -> Result<Self, ScriptError> {
        Self::read_as(Kind::Test, name, text, include)
    }

    /// The same for a migration, which may commit: its transactions are parts of the one that it is
    /// run in.
    ///
    /// # Errors
    ///
    /// As [`Script::read`], and for `rollback` in place of `commit`.
    pub fn migration(
        name: &str,
        text: &str,
        include: &mut Include<'_>,
    ) -> Result<Self, ScriptError> {
        Self::read_as(Kind::Migration, name, text, include)
    }

    fn read_as(
        kind: Kind,
        name: &str,
        text: &str,
        include: &mut Include<'_>,
    ) -> Result<Self, ScriptError> {
        let mut reader = Reader {
            kind,
            statements: Vec::new(),
            variables: HashMap::new(),
            include,
        };
        reader.script(name, text, 0)?;
        Ok(Self {
            name: name.to_owned(),
            statements: reader.statements,
        })
    }
}

/// What a script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It rolls back what it does.
    Test,
    /// It commits what it does.
    Migration,
}

struct Reader<'i, 'f> {
    kind: Kind,
    statements: Vec<Statement>,
    variables: HashMap<String, String>,
    include: &'i mut Include<'f>,
}

/// Where the text of a script is read.
struct Cursor<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Cursor<'t> {
    /// Takes so many bytes.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.line = self.line.saturating_add(taken.matches('\n').count());
        self.rest = rest;
        taken
    }
}

impl Reader<'_, '_> {
    fn script(&mut self, name: &str, text: &str, depth: usize) -> Result<(), ScriptError> {
        let mut cursor = Cursor {
            rest: text,
            line: 1,
        };
        let mut sql = String::new();
        let mut begins = 1;
        // Brackets and the bodies of functions, in which a semicolon ends nothing.
        let mut brackets = 0_usize;
        let mut bodies = 0_usize;
        let mut last_word = String::new();
        while let Some(first) = cursor.rest.chars().next() {
            let line = cursor.line;
            let wrong = |message: String| ScriptError {
                script: name.to_owned(),
                line,
                message,
            };
            if sql.trim().is_empty() {
                begins = line;
            }
            if let Some(length) = comment(cursor.rest) {
                cursor.take(length);
                sql.push(' ');
                continue;
            }
            match first {
                ';' if brackets == 0 && bodies == 0 => {
                    cursor.take(1);
                    self.end(name, &mut sql, begins)?;
                    last_word.clear();
                }
                '\\' => {
                    let length = cursor.rest.find('\n').unwrap_or(cursor.rest.len());
                    let command = cursor.take(length);
                    self.command(name, command, line, depth)?;
                }
                ':' if cursor.rest.starts_with("::") => sql.push_str(cursor.take(2)),
                ':' => {
                    let length = self.variable(cursor.rest, &mut sql);
                    if length == 0 {
                        sql.push_str(cursor.take(1));
                    } else {
                        cursor.take(length);
                    }
                }
                '\'' | '"' => {
                    let escapes = first == '\'' && last_word.eq_ignore_ascii_case("e");
                    let length = quoted(cursor.rest, first, escapes)
                        .ok_or_else(|| wrong("a quote is not closed".to_owned()))?;
                    sql.push_str(cursor.take(length));
                    last_word.clear();
                }
                '$' => {
                    let length = dollar_quoted(cursor.rest)
                        .ok_or_else(|| wrong("a dollar quote is not closed".to_owned()))?;
                    sql.push_str(cursor.take(length));
                }
                _ if in_word(first) => {
                    let end = cursor.rest.find(|c| !in_word(c) && c != '$');
                    let word = cursor.take(end.unwrap_or(cursor.rest.len()));
                    match word.to_ascii_lowercase().as_str() {
                        "atomic" if last_word == "begin" => bodies = bodies.saturating_add(1),
                        "case" if bodies > 0 => bodies = bodies.saturating_add(1),
                        "end" => bodies = bodies.saturating_sub(1),
                        _ => {}
                    }
                    sql.push_str(word);
                    // `e` counts right before a quote only.
                    last_word = word.to_ascii_lowercase();
                    continue;
                }
                _ => {
                    match first {
                        '(' | '[' => brackets = brackets.saturating_add(1),
                        ')' | ']' => brackets = brackets.saturating_sub(1),
                        _ => {}
                    }
                    sql.push_str(cursor.take(first.len_utf8()));
                    if last_word == "e" {
                        last_word.clear();
                    }
                }
            }
        }
        self.end(name, &mut sql, begins)
    }

    /// Ends a statement.
    fn end(&mut self, name: &str, sql: &mut String, line: usize) -> Result<(), ScriptError> {
        let statement = std::mem::take(sql);
        let statement = statement.trim();
        if statement.is_empty() {
            return Ok(());
        }
        let wrong = |message: &str| ScriptError {
            script: name.to_owned(),
            line,
            message: message.to_owned(),
        };
        let mut words = statement.split_whitespace().map(str::to_ascii_lowercase);
        let first = words.next().unwrap_or_default();
        let rest: Vec<String> = words.collect();
        let second = rest.first().map(String::as_str);
        let control = match (first.as_str(), second) {
            ("begin", _) | ("start", Some("transaction")) => Some(Control::Begin),
            ("rollback" | "abort", _) if !rest.iter().any(|word| word == "to") => {
                Some(Control::RollBack)
            }
            ("commit" | "end", _) if self.kind == Kind::Migration => return Ok(()),
            ("commit" | "end", _) => {
                return Err(wrong("a test must not commit: end it with rollback"));
            }
            ("prepare", Some("transaction")) => {
                return Err(wrong("a prepared transaction cannot be rolled back here"));
            }
            _ => None,
        };
        match (self.kind, control) {
            (Kind::Migration, Some(Control::Begin)) => return Ok(()),
            (Kind::Migration, Some(Control::RollBack)) => {
                return Err(wrong("a migration that rolls back changes nothing"));
            }
            _ => {}
        }
        self.statements.push(Statement {
            script: name.to_owned(),
            sql: statement.to_owned(),
            line,
            control,
        });
        Ok(())
    }

    /// Runs a command of psql.
    fn command(
        &mut self,
        name: &str,
        command: &str,
        line: usize,
        depth: usize,
    ) -> Result<(), ScriptError> {
        let wrong = |message: String| ScriptError {
            script: name.to_owned(),
            line,
            message,
        };
        let command = command.trim_start_matches('\\');
        let (word, rest) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command.trim_end(), ""));
        match word {
            "set" => {
                let mut arguments = arguments(rest).into_iter();
                if let Some(variable) = arguments.next() {
                    self.variables.insert(variable, arguments.collect());
                }
            }
            "unset" => {
                self.variables.remove(rest.trim());
            }
            "i" | "include" | "ir" | "include_relative" => {
                let path = arguments(rest).into_iter().next().unwrap_or_default();
                if depth >= MAX_INCLUDES {
                    return Err(wrong("scripts include each other too deeply".to_owned()));
                }
                let is_relative = word.ends_with('r') || word.ends_with("relative");
                let (included, text) = (self.include)(name, &path, is_relative).map_err(wrong)?;
                self.script(&included, &text, depth.saturating_add(1))?;
            }
            "pset" | "echo" | "qecho" | "warn" | "timing" | "t" | "a" | "x" | "f" | "o" | "H"
            | "encoding" | "" => {}
            _ => return Err(wrong(format!("\\{word} is not supported here"))),
        }
        Ok(())
    }

    /// Writes the value of `:name`, `:'name'` or `:"name"`, and returns the length of that text, or
    /// 0 if it names no variable: psql leaves it as it is.
    fn variable(&self, text: &str, sql: &mut String) -> usize {
        let rest = text.strip_prefix(':').unwrap_or_default();
        let quote = rest.chars().next().filter(|c| ['\'', '"'].contains(c));
        let name = rest.trim_start_matches(|c| Some(c) == quote);
        let end = name.find(|c| !in_word(c)).unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end).unwrap_or_default();
        let Some(value) = self.variables.get(name) else {
            return 0;
        };
        match quote {
            None => sql.push_str(value),
            Some(quote) if after.starts_with(quote) => {
                let twice = format!("{quote}{quote}");
                sql.push_str(&format!("{quote}{}{quote}", value.replace(quote, &twice)));
            }
            Some(_) => return 0,
        }
        let quotes = if quote.is_some() { 2 } else { 0 };
        name.len().saturating_add(1).saturating_add(quotes)
    }
}

/// The arguments of a command of psql. A quoted one has its quotes off.
fn arguments(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (argument, after) = match quoted(rest, '\'', false) {
            Some(length) if rest.starts_with('\'') => {
                let (argument, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                (argument.trim_matches('\'').replace("''", "'"), after)
            }
            _ => {
                let (argument, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                (argument.to_owned(), after)
            }
        };
        all.push(argument);
        rest = after.trim_start();
    }
    all
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns the length of the comment that a text begins with. Comments in `/* */` nest.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..) {
        let step = if rest.starts_with("/*") {
            depth = depth.saturating_add(1);
            2
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            rest.chars().next()?.len_utf8()
        };
        at = at.saturating_add(step);
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Returns the length up to the closing quote. Two in a row are none, nor is one after a backslash
/// that `escapes`.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && escapes {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return at.checked_add(1);
        }
    }
    None
}

/// Returns the length of a text in dollar quotes, or of the dollar sign if there is none.
fn dollar_quoted(text: &str) -> Option<usize> {
    let Some((tag, _)) = text.strip_prefix('$').and_then(|rest| rest.split_once('$')) else {
        return Some(1);
    };
    if tag.starts_with(|c: char| c.is_ascii_digit()) || !tag.chars().all(in_word) {
        return Some(1);
    }
    let tag = tag.len().checked_add(2)?;
    let (quote, rest) = text.split_at_checked(tag)?;
    rest.find(quote)?.checked_add(tag)?.checked_add(tag)
}
