//! The statements of a file of SQL, told apart as psql does: by quotes, comments, parentheses,
//! dollars and `begin atomic`.

use std::collections::BTreeMap;

/// psql's variables, which `\set` and `\gset` set.
pub type Variables = BTreeMap<String, String>;

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// SQL up to a semicolon, or with the command of psql that ends it.
    Statement(String, Option<String>),
    /// A command of psql, without its backslash.
    Command(String),
}

/// A file that is being read.
pub struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    /// Begins at the first line.
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            line: 1,
        }
    }

    /// The next piece and the line that it begins at. Variables are replaced in statements.
    pub fn next(&mut self, variables: &Variables) -> Option<(usize, Piece)> {
        let mut state = State::default();
        let mut statement = String::new();
        let mut begun = self.line;
        loop {
            let Some(c) = self.rest.chars().next() else {
                return has_text(&statement).then_some((begun, Piece::Statement(statement, None)));
            };
            if statement.is_empty() && c.is_whitespace() {
                self.take(1);
                begun = self.line;
                continue;
            }
            if let Some(length) = self.comment() {
                // What a comment separates stays separate.
                self.take(length);
                if !statement.is_empty() {
                    statement.push(' ');
                }
                continue;
            }
            if let Some(length) = self.quoted(state.last) {
                statement.push_str(self.take(length));
                state.last = '\'';
                continue;
            }
            match c {
                ';' if state.is_outside() => {
                    self.take(1);
                    if has_text(&statement) {
                        return Some((begun, Piece::Statement(statement, None)));
                    }
                    statement.clear();
                    state = State::default();
                }
                '\\' => {
                    let length = self.rest.find('\n').unwrap_or(self.rest.len());
                    let command = self.take(length).trim_start_matches('\\').trim().to_owned();
                    let piece = match has_text(&statement) {
                        true => Piece::Statement(statement, Some(command)),
                        false => Piece::Command(command),
                    };
                    return Some((begun, piece));
                }
                ':' => {
                    if let Some((length, value)) = variable(self.rest, state.last, variables) {
                        self.take(length);
                        statement.push_str(&value);
                    } else {
                        statement.push_str(self.take(1));
                    }
                    state.last = ':';
                }
                c if is_word_start(c) => {
                    let word = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
                    let word = self.take(word);
                    state.word(word);
                    statement.push_str(word);
                }
                c => {
                    match c {
                        '(' => state.parentheses += 1,
                        ')' => state.parentheses = state.parentheses.saturating_sub(1),
                        _ => {}
                    }
                    statement.push_str(self.take(c.len_utf8()));
                    state.last = c;
                }
            }
        }
    }

    /// Takes so many bytes.
    fn take(&mut self, length: usize) -> &'a str {
        // A length that is no boundary of a character cannot come from here.
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// The length of a comment that begins here.
    fn comment(&self) -> Option<usize> {
        if self.rest.starts_with("--") {
            return Some(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        if !self.rest.starts_with("/*") {
            return None;
        }
        let mut depth = 0_usize;
        let mut at = 0;
        while let Some(rest) = self.rest.get(at..).filter(|rest| !rest.is_empty()) {
            let step = if rest.starts_with("/*") {
                depth += 1;
                2
            } else if rest.starts_with("*/") {
                depth -= 1;
                2
            } else {
                rest.chars().next().map_or(1, char::len_utf8)
            };
            at += step;
            if depth == 0 {
                break;
            }
        }
        Some(at)
    }

    /// The length of a text between quotes or dollars that begins here.
    fn quoted(&self, before: char) -> Option<usize> {
        let rest = self.rest;
        match rest.chars().next()? {
            '"' => Some(closed(rest, '"', false)),
            '\'' => Some(closed(rest, '\'', before == 'E')),
            '$' if !is_word(before) => {
                let inner = rest.get(1..)?;
                let end = inner.find('$')?;
                let tag = inner.get(..end)?;
                let is_tag = tag.chars().next().is_none_or(is_word_start)
                    && tag.chars().all(|c| is_word(c) && c != '$');
                if !is_tag {
                    return None;
                }
                let delimiter = rest.get(..end + 2)?;
                let body = rest.get(end + 2..)?;
                let closing = body.find(delimiter);
                Some(closing.map_or(rest.len(), |at| end + 2 + at + delimiter.len()))
            }
            _ => None,
        }
    }
}

/// What has been seen of a statement.
#[derive(Default)]
struct State {
    parentheses: usize,
    /// The last character; `E` if it was the word that begins a string with backslashes.
    last: char,
    words: Vec<String>,
    /// How many `begin` and `case` of a function's body are open.
    bodies: usize,
}

impl State {
    fn is_outside(&self) -> bool {
        self.parentheses == 0 && self.bodies == 0
    }

    /// As psql does: `begin` opens a body only in a function or procedure.
    fn word(&mut self, word: &str) {
        let word = word.to_ascii_lowercase();
        self.last = match word.as_str() {
            "e" => 'E',
            _ => 'a',
        };
        if self.words.len() < 4 {
            self.words.push(word.clone());
        }
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let makes_function = matches!(
            words[..],
            ["create", "function" | "procedure", ..]
                | ["create", "or", "replace", "function" | "procedure"]
        );
        if makes_function && self.parentheses == 0 {
            match word.as_str() {
                "begin" => self.bodies += 1,
                "case" if self.bodies > 0 => self.bodies += 1,
                "end" => self.bodies = self.bodies.saturating_sub(1),
                _ => {}
            }
        }
    }
}

/// Returns true unless a text has nothing but white space.
fn has_text(text: &str) -> bool {
    !text.trim().is_empty()
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

/// The length of a text up to its closing quote. A quote that is written twice does not close it.
fn closed(text: &str, quote: char, with_backslashes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && with_backslashes {
            characters.next();
        } else if c == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// The length and the value of a variable that is named here: `:name`, `:'name'` or `:"name"`.
fn variable(text: &str, before: char, variables: &Variables) -> Option<(usize, String)> {
    if before == ':' {
        return None;
    }
    let rest = text.get(1..)?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let start = usize::from(quote.is_some());
    let inner = rest.get(start..)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    let length = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
    let value = variables.get(inner.get(..length)?)?;
    match quote {
        None => Some((1 + length, value.clone())),
        Some(quote) if inner.get(length..)?.starts_with(quote) => {
            let doubled = value.replace(quote, &format!("{quote}{quote}"));
            Some((length + 3, format!("{quote}{doubled}{quote}")))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, variables: &[(&str, &str)]) -> Vec<(usize, String)> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut lexer = Lexer::new(text);
        let mut found = Vec::new();
        while let Some((line, piece)) = lexer.next(&variables) {
            found.push(match piece {
                Piece::Statement(sql, None) => (line, sql.trim().to_owned()),
                Piece::Statement(sql, Some(end)) => (line, format!("{} \\{end}", sql.trim())),
                Piece::Command(command) => (line, format!("\\{command}")),
            });
        }
        found
    }

    fn expect(text: &str, expected: &[(usize, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, text)| (*line, (*text).to_owned()))
            .collect();
        assert_eq!(pieces(text, &[]), expected);
    }

    #[test]
    fn a_semicolon_ends_a_statement_only_outside_of_quotes_and_bodies() {
        expect(
            "-- first;\nselect 1;\n\n select ';', \";\", $$;$$, $a$;$$;$a$ /* ; /* ; */ ; */;;\nselect 2",
            &[
                (2, "select 1"),
                (4, "select ';', \";\", $$;$$, $a$;$$;$a$"),
                (5, "select 2"),
            ],
        );
        expect(
            r"select E'\';', 'a\', e'\\';select 'it''s;'",
            &[(1, r"select E'\';', 'a\', e'\\'"), (1, "select 'it''s;'")],
        );
        expect(
            "create rule r as on insert to t do (select 1; select 2);select a$b;select 1",
            &[
                (1, "create rule r as on insert to t do (select 1; select 2)"),
                (1, "select a$b"),
                (1, "select 1"),
            ],
        );
        let body = "create or replace function f() returns int language sql begin atomic select case when true then 1 end; select 2; end";
        expect(
            &format!("{body};begin;select 1;end;"),
            &[(1, body), (1, "begin"), (1, "select 1"), (1, "end")],
        );
        expect("select $1;", &[(1, "select $1")]);
        expect("select 'never closed;", &[(1, "select 'never closed;")]);
        expect("select 1 -- a\n+ 2;", &[(1, "select 1  \n+ 2")]);
    }

    #[test]
    fn commands_of_psql_end_with_their_line() {
        expect(
            "\\set ON_ERROR_STOP 1\nselect 1 \\gset\n\\i a.sql\n",
            &[
                (1, "\\set ON_ERROR_STOP 1"),
                (2, "select 1 \\gset"),
                (3, "\\i a.sql"),
            ],
        );
    }

    #[test]
    fn variables_are_replaced_outside_of_quotes() {
        let text = "select :a, :'a', :\"a\", ':a', x::a, :b, [1:2];";
        let found = pieces(text, &[("a", "it's \"1\"")]);
        let expected =
            "select it's \"1\", 'it''s \"1\"', \"it's \"\"1\"\"\", ':a', x::a, :b, [1:2]";
        assert_eq!(found, [(1, expected.to_owned())]);
    }
}
