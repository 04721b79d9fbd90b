//! Tokens of SQL (src/backend/parser/scan.l).

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word in lower case, or a name in quotes.
    Word {
        text: String,
        quoted: bool,
    },
    Text(String),
    Number(String),
    Parameter(usize),
    /// Anything else: brackets, commas, operators, `::`.
    Sign(String),
}

/// The length of a body that is read.
const MAX_BYTES: usize = 64 * 1024;

/// Takes a text apart; nothing if it does not end where it should.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let characters: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { characters, at: 0 };
    let mut tokens = Vec::new();
    while lexer.skip_blanks()? {
        tokens.push(lexer.token()?);
    }
    Some(tokens)
}

/// Returns the words and quoted names of a text, comments and literals left out. Nothing if it
/// cannot be read.
pub(in crate::lint) fn words(text: &str) -> Option<Vec<String>> {
    let words = tokens(text)?.into_iter().filter_map(|token| match token {
        Token::Word { text, .. } => Some(text),
        _ => None,
    });
    Some(words.collect())
}

/// Returns the literals of a text. Nothing if it cannot be read.
pub(in crate::lint) fn literals(text: &str) -> Option<Vec<String>> {
    let literals = tokens(text)?.into_iter().filter_map(|token| match token {
        Token::Text(text) => Some(text),
        _ => None,
    });
    Some(literals.collect())
}

struct Lexer {
    characters: Vec<char>,
    at: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at.checked_add(ahead)?).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek(0)?;
        self.at = self.at.saturating_add(1);
        Some(character)
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(character) = self.peek(0).filter(|c| belongs(*c)) {
            taken.push(character);
            self.at = self.at.saturating_add(1);
        }
        taken
    }

    /// Returns true if a token follows.
    fn skip_blanks(&mut self) -> Option<bool> {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(c), _) if c.is_whitespace() => {
                    self.next();
                }
                (Some('-'), Some('-')) => {
                    self.take_while(|c| c != '\n');
                }
                (Some('/'), Some('*')) => self.skip_comment()?,
                (None, _) => return Some(false),
                _ => return Some(true),
            }
        }
    }

    fn skip_comment(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match (self.next()?, self.peek(0)) {
                ('/', Some('*')) => {
                    self.next();
                    depth = depth.checked_add(1)?;
                }
                ('*', Some('/')) => {
                    self.next();
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(());
                    }
                }
                _ => {}
            }
        }
    }

    fn token(&mut self) -> Option<Token> {
        let first = self.peek(0)?;
        let second = self.peek(1);
        match first {
            '\'' => self.quoted('\'', false).map(Token::Text),
            '"' => self
                .quoted('"', false)
                .map(|text| Token::Word { text, quoted: true }),
            'e' | 'E' if second == Some('\'') => {
                self.next();
                self.quoted('\'', true).map(Token::Text)
            }
            '$' if second.is_some_and(|c| c.is_ascii_digit()) => {
                self.next();
                let number = self.take_while(|c| c.is_ascii_digit());
                number.parse().ok().map(Token::Parameter)
            }
            '$' => self.dollar_quoted().map(Token::Text),
            c if c.is_ascii_digit() => {
                let part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
                Some(Token::Number(self.take_while(part)))
            }
            c if c.is_alphabetic() || c == '_' => {
                let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                let text = self.take_while(part).to_ascii_lowercase();
                Some(Token::Word {
                    text,
                    quoted: false,
                })
            }
            ':' if second == Some(':') || second == Some('=') => {
                let sign: String = [self.next()?, self.next()?].into_iter().collect();
                Some(Token::Sign(sign))
            }
            c if OPERATORS.contains(c) => {
                let mut sign = String::new();
                while let Some(c) = self.peek(0).filter(|c| OPERATORS.contains(*c)) {
                    let comment = matches!((c, self.peek(1)), ('-', Some('-')) | ('/', Some('*')));
                    if comment {
                        break;
                    }
                    sign.push(c);
                    self.next();
                }
                Some(Token::Sign(sign))
            }
            c => {
                self.next();
                Some(Token::Sign(c.to_string()))
            }
        }
    }

    fn quoted(&mut self, quote: char, escapes: bool) -> Option<String> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next()? {
                '\\' if escapes => text.push(self.next()?),
                c if c == quote => {
                    if self.peek(0) != Some(quote) {
                        return Some(text);
                    }
                    self.next();
                    text.push(quote);
                }
                c => text.push(c),
            }
        }
    }

    fn dollar_quoted(&mut self) -> Option<String> {
        self.next();
        let tag = self.take_while(|c| c.is_alphanumeric() || c == '_');
        if self.next()? != '$' {
            return None;
        }
        let end: Vec<char> = format!("${tag}$").chars().collect();
        let mut text = String::new();
        loop {
            let rest = self.characters.get(self.at..)?;
            if rest.starts_with(&end) {
                self.at = self.at.checked_add(end.len())?;
                return Some(text);
            }
            text.push(self.next()?);
        }
    }
}

const OPERATORS: &str = "+-*/<>=~!@#%^&|`?";
