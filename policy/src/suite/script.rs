//! A script for psql, split into statements.

use std::collections::HashMap;
use std::fmt;

use crate::quotes::{dollar_quoted, dollar_tag, quoted};

/// The deepest nesting of included scripts and of variables.
const MAX_DEPTH: usize = 16;

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

/// A variable in a script.
struct Variable {
    /// How long it is there.
    length: usize,
    /// What stands for it.
    value: String,
}

/// The statement that is being read.
#[derive(Default)]
struct Open {
    sql: String,
    /// The line on which it begins.
    line: usize,
    /// Brackets and the bodies of functions, in which a semicolon ends nothing.
    brackets: usize,
    bodies: usize,
    /// The last word, in lower case.
    last_word: String,
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

impl Open {
    /// Takes note that something stands between the last word and what follows.
    fn after_word(&mut self) {
        // `e` counts right before a quote only.
        if self.last_word == "e" {
            self.last_word.clear();
        }
    }
}

impl Reader<'_, '_> {
    fn script(&mut self, name: &str, text: &str, depth: usize) -> Result<(), ScriptError> {
        let mut open = Open::default();
        self.text(name, text, 1, depth, &mut open)?;
        self.end(name, &mut open)
    }

    /// Reads a text of a script, which begins on a line: all of it, or the value of a variable.
    fn text(
        &mut self,
        name: &str,
        text: &str,
        line: usize,
        depth: usize,
        open: &mut Open,
    ) -> Result<(), ScriptError> {
        let mut cursor = Cursor { rest: text, line };
        while let Some(first) = cursor.rest.chars().next() {
            let line = cursor.line;
            let wrong = |message: String| ScriptError {
                script: name.to_owned(),
                line,
                message,
            };
            if open.sql.trim().is_empty() {
                open.line = line;
            }
            if let Some(length) = comment(cursor.rest) {
                cursor.take(length);
                open.sql.push(' ');
                open.after_word();
                continue;
            }
            match first {
                ';' if open.brackets == 0 && open.bodies == 0 => {
                    cursor.take(1);
                    self.end(name, open)?;
                }
                '\\' => {
                    let length = cursor.rest.find('\n').unwrap_or(cursor.rest.len());
                    let command = cursor.take(length);
                    self.command(name, command, line, depth)?;
                }
                ':' if cursor.rest.starts_with("::") => open.sql.push_str(cursor.take(2)),
                ':' => {
                    let Some(variable) = self.variable(cursor.rest) else {
                        open.sql.push_str(cursor.take(1));
                        continue;
                    };
                    if depth >= MAX_DEPTH {
                        return Err(wrong("variables name each other too deeply".to_owned()));
                    }
                    cursor.take(variable.length);
                    // As for psql, the value is read like the script: it may have statements.
                    self.text(name, &variable.value, line, depth.saturating_add(1), open)?;
                }
                '\'' | '"' => {
                    let escapes = first == '\'' && open.last_word == "e";
                    let length = quoted(cursor.rest, first, escapes)
                        .ok_or_else(|| wrong("a quote is not closed".to_owned()))?;
                    open.sql.push_str(cursor.take(length));
                    open.last_word.clear();
                }
                '$' => {
                    let length = match dollar_tag(cursor.rest) {
                        None => 1,
                        Some(_) => dollar_quoted(cursor.rest)
                            .ok_or_else(|| wrong("a dollar quote is not closed".to_owned()))?,
                    };
                    open.sql.push_str(cursor.take(length));
                }
                _ if in_word(first) => {
                    let end = cursor.rest.find(|c| !in_word(c) && c != '$');
                    let word = cursor.take(end.unwrap_or(cursor.rest.len()));
                    match word.to_ascii_lowercase().as_str() {
                        "atomic" if open.last_word == "begin" => {
                            open.bodies = open.bodies.saturating_add(1)
                        }
                        "case" if open.bodies > 0 => open.bodies = open.bodies.saturating_add(1),
                        "end" => open.bodies = open.bodies.saturating_sub(1),
                        _ => {}
                    }
                    open.sql.push_str(word);
                    open.last_word = word.to_ascii_lowercase();
                    continue;
                }
                _ => {
                    match first {
                        '(' | '[' => open.brackets = open.brackets.saturating_add(1),
                        ')' | ']' => open.brackets = open.brackets.saturating_sub(1),
                        _ => {}
                    }
                    open.sql.push_str(cursor.take(first.len_utf8()));
                    open.after_word();
                }
            }
        }
        Ok(())
    }

    /// Ends a statement.
    fn end(&mut self, name: &str, open: &mut Open) -> Result<(), ScriptError> {
        let Open { sql, line, .. } = std::mem::take(open);
        let statement = sql.trim();
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
            ("copy", _) if rest.iter().any(|word| is_stream(word)) => {
                return Err(wrong(
                    "copy from stdin and to stdout are not supported here",
                ));
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
                if depth >= MAX_DEPTH {
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

    /// Finds the variable of `:name`, `:'name'` or `:"name"`. Psql leaves what is none as it is.
    fn variable(&self, text: &str) -> Option<Variable> {
        let rest = text.strip_prefix(':').unwrap_or_default();
        let quote = rest.chars().next().filter(|c| ['\'', '"'].contains(c));
        let name = rest.trim_start_matches(|c| Some(c) == quote);
        let end = name.find(|c| !in_word(c)).unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end).unwrap_or_default();
        let value = self.variables.get(name)?;
        let (quotes, value) = match quote {
            None => (0, value.clone()),
            Some(quote) if after.starts_with(quote) => {
                let twice = format!("{quote}{quote}");
                (2, format!("{quote}{}{quote}", value.replace(quote, &twice)))
            }
            Some(_) => return None,
        };
        Some(Variable {
            length: name.len().saturating_add(1).saturating_add(quotes),
            value,
        })
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
                let inside = argument
                    .strip_prefix('\'')
                    .and_then(|it| it.strip_suffix('\''));
                (inside.unwrap_or(argument).replace("''", "'"), after)
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

/// Returns true if a word is `stdin` or `stdout`, perhaps right before a bracket.
fn is_stream(word: &str) -> bool {
    let end = word.find(|c| !in_word(c)).unwrap_or(word.len());
    matches!(word.get(..end), Some("stdin" | "stdout"))
}

fn in_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii()
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
