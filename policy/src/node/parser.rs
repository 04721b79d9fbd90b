//! Tokens as `pg_strtok` finds them, and the tree that they make. Open brackets are on the heap, so
//! that no text can use up the stack.

use super::{Node, NodeError, Value};

/// The longest text that is read.
pub const MAX_TEXT_BYTES: usize = 4 << 20;

/// The greatest depth of brackets. An operator takes two: its own and that of its arguments.
pub const MAX_DEPTH: usize = 500;

/// The most values that one text may hold, each node, list and token counted as one.
pub const MAX_VALUES: usize = 1 << 19;

/// Reads a text that is one value, with nothing after it.
pub fn read_node(text: &str) -> Result<Value<'_>, NodeError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(NodeError::TooLong);
    }
    let mut tokens = Tokens { text, rest: text };
    let value = Tree::default().read(&mut tokens)?;
    match tokens.next() {
        None => Ok(value),
        Some(token) => Err(tokens.unexpected(token)),
    }
}

#[derive(Clone, Copy)]
struct Tokens<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    fn expect(&mut self) -> Result<&'t str, NodeError> {
        self.next().ok_or(NodeError::Truncated)
    }

    /// The error of a token that was just taken.
    fn unexpected(&self, token: &str) -> NodeError {
        let after = self.text.len().saturating_sub(self.rest.len());
        NodeError::Unexpected(after.saturating_sub(token.len()))
    }

    /// Takes the next token if it is this one.
    fn accept(&mut self, wanted: &str) -> bool {
        let mut ahead = *self;
        let found = ahead.next() == Some(wanted);
        if found {
            *self = ahead;
        }
        found
    }

    /// Takes the numbers up to the closing bracket.
    fn numbers(&mut self, closing: &str) -> Result<Vec<i64>, NodeError> {
        let mut numbers = Vec::new();
        loop {
            match self.expect()? {
                token if token == closing => return Ok(numbers),
                token => numbers.push(token.parse().map_err(|_| self.unexpected(token))?),
            }
        }
    }

    /// Takes a list of numbers, whose bracket is open, if it is one.
    fn number_list(&mut self) -> Option<Result<Vec<i64>, NodeError>> {
        let of_numbers = ["i", "o", "x", "b"].iter().any(|kind| self.accept(kind));
        of_numbers.then(|| self.numbers(")"))
    }

    /// Takes what belongs to a token that is no bracket: the bytes of a datum follow its length.
    fn leaf(&mut self, token: &'t str) -> Result<Value<'t>, NodeError> {
        if token == "<>" {
            return Ok(Value::Null);
        }
        let mut ahead = *self;
        if !ahead.accept("[") {
            return Ok(Value::Token(token));
        }
        let length: usize = token.parse().map_err(|_| self.unexpected(token))?;
        let numbers = ahead.numbers("]")?;
        let bytes: Option<Vec<u8>> = numbers.into_iter().map(byte).collect();
        match bytes {
            Some(bytes) if bytes.len() >= length => {
                *self = ahead;
                Ok(Value::Datum(bytes))
            }
            _ => Err(self.unexpected(token)),
        }
    }
}

/// Returns the byte that a server printed as a `char`, which has a sign on some processors only.
fn byte(number: i64) -> Option<u8> {
    let signed = || i8::try_from(number).ok().map(i8::cast_unsigned);
    u8::try_from(number).ok().or_else(signed)
}

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    /// A bracket, or all up to a space or bracket that no backslash quotes.
    fn next(&mut self) -> Option<&'t str> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t']);
        let mut quoted = false;
        let ends = |byte: u8| {
            let ends = !quoted && b" \n\t(){}".contains(&byte);
            quoted = !quoted && byte == b'\\';
            ends
        };
        let end = match self.rest.bytes().position(ends) {
            Some(0) => 1,
            Some(end) => end,
            None => self.rest.len(),
        };
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }
}

/// A node or list whose closing bracket has not come yet.
enum Open<'t> {
    Node {
        node: Node<'t>,
        /// The field whose value comes next. Without it a field's name comes next, or the end.
        field: Option<&'t str>,
    },
    List(Vec<Value<'t>>),
}

#[derive(Default)]
struct Tree<'t> {
    open: Vec<Open<'t>>,
    values: usize,
}

impl<'t> Tree<'t> {
    fn read(mut self, tokens: &mut Tokens<'t>) -> Result<Value<'t>, NodeError> {
        loop {
            let token = tokens.expect()?;
            if self.is_field(token) {
                continue;
            }
            let value = match token {
                "}" | ")" => self.close(token),
                _ if self.wants_field() => None,
                "{" => match tokens.expect()? {
                    name if name.starts_with(is_capital) => {
                        let fields = Vec::new();
                        let node = Node { name, fields };
                        self.enter(Open::Node { node, field: None })?;
                        continue;
                    }
                    other => return Err(tokens.unexpected(other)),
                },
                "(" => match tokens.number_list() {
                    Some(numbers) => Some(Value::Numbers(numbers?)),
                    None => {
                        self.enter(Open::List(Vec::new()))?;
                        continue;
                    }
                },
                _ => Some(tokens.leaf(token)?),
            };
            let value = value.ok_or_else(|| tokens.unexpected(token))?;
            if let Some(value) = self.add(value)? {
                return Ok(value);
            }
        }
    }

    fn wants_field(&self) -> bool {
        matches!(self.open.last(), Some(Open::Node { field: None, .. }))
    }

    /// Takes the token as a field's name if one is due. The value is never taken for a name: a text
    /// may begin with a colon, too.
    fn is_field(&mut self, token: &'t str) -> bool {
        match (self.open.last_mut(), token.strip_prefix(':')) {
            (Some(Open::Node { field, .. }), Some(name)) if field.is_none() => {
                *field = Some(name);
                true
            }
            _ => false,
        }
    }

    fn enter(&mut self, open: Open<'t>) -> Result<(), NodeError> {
        self.open.push(open);
        match self.open.len() > MAX_DEPTH {
            true => Err(NodeError::TooDeep),
            false => Ok(()),
        }
    }

    /// Closes the innermost bracket, if it is of this kind and no field lacks its value.
    fn close(&mut self, bracket: &str) -> Option<Value<'t>> {
        match (self.open.pop()?, bracket) {
            (Open::Node { node, field: None }, "}") => Some(Value::Node(node)),
            (Open::List(values), ")") => Some(Value::List(values)),
            _ => None,
        }
    }

    /// Adds a value to the innermost open bracket. Returns it if there is none.
    fn add(&mut self, value: Value<'t>) -> Result<Option<Value<'t>>, NodeError> {
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES {
            return Err(NodeError::TooManyValues);
        }
        match self.open.last_mut() {
            None => return Ok(Some(value)),
            Some(Open::List(values)) => values.push(value),
            Some(Open::Node { node, field }) => {
                if let Some(name) = field.take() {
                    node.fields.push((name, value));
                }
            }
        }
        Ok(None)
    }
}

fn is_capital(character: char) -> bool {
    character.is_ascii_uppercase()
}
