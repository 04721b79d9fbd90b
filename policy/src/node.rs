//! Postgres's own text of a node tree (src/backend/nodes/outfuncs.c), as a generic tree.
//!
//! The tree knows no node by name. A text of any version is read, as long as its tokens are those
//! of `pg_strtok` (src/backend/nodes/read.c).

mod parser;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

pub use parser::{MAX_DEPTH, MAX_TEXT_BYTES, MAX_VALUES, read_node};

/// A value of a node's field or of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'t> {
    /// `<>`: no node, no list, no text.
    Null,
    /// A single token as it is written, with its quotes and backslashes.
    Token(&'t str),
    /// `{NAME :field value …}`.
    Node(Node<'t>),
    /// `(…)`: nodes, lists or tokens.
    List(Vec<Value<'t>>),
    /// `(i …)`, `(o …)`, `(x …)` or `(b …)`: integers, OIDs, transaction ids or members of a set.
    Numbers(Vec<i64>),
    /// `length [ byte … ]`: the bytes of a constant. A constant that is passed by value has the
    /// bytes of a whole `Datum`, in the order of the server's processor.
    Datum(Vec<u8>),
}

impl<'t> Value<'t> {
    /// Returns the node, if it is one.
    pub fn as_node(&self) -> Option<&Node<'t>> {
        match self {
            Value::Node(node) => Some(node),
            _ => None,
        }
    }

    /// Returns the values of a list. An empty list is written `<>`.
    pub fn as_list(&self) -> Option<&[Value<'t>]> {
        match self {
            Value::Null => Some(&[]),
            Value::List(values) => Some(values),
            _ => None,
        }
    }

    /// Returns the number that a token is, if it is in the range of its type.
    pub fn as_number<T: FromStr>(&self) -> Option<T> {
        match self {
            Value::Token(token) => token.parse().ok(),
            _ => None,
        }
    }

    /// Returns the truth value that a token is.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Token("true") => Some(true),
            Value::Token("false") => Some(false),
            _ => None,
        }
    }

    /// Returns the text that a token is, without quotes and backslashes. A list quotes its texts;
    /// a field quotes the empty text only, and not before Postgres 16.
    pub fn as_text(&self) -> Option<Cow<'t, str>> {
        let Value::Token(token) = *self else {
            return None;
        };
        let quoted = token.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        Some(unescaped(quoted.unwrap_or(token)))
    }
}

/// A node: its name and its fields, in the order of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'t> {
    /// The name in capitals, as `OPEXPR`.
    pub name: &'t str,
    /// The fields without their colons.
    pub fields: Vec<(&'t str, Value<'t>)>,
}

impl<'t> Node<'t> {
    /// Returns the field of this name. If there are several, the first one counts.
    pub fn get(&self, name: &str) -> Option<&Value<'t>> {
        let mut fields = self.fields.iter();
        fields
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    }
}

/// The reason why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeError {
    /// It has more than [`MAX_TEXT_BYTES`].
    TooLong,
    /// Its brackets are nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// It has more than [`MAX_VALUES`].
    TooManyValues,
    /// It ends within a node or list, or is empty.
    Truncated,
    /// Something else stands where the text has this byte.
    Unexpected(usize),
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "node text is longer than {MAX_TEXT_BYTES} bytes"),
            Self::TooDeep => write!(f, "node text is nested deeper than {MAX_DEPTH} levels"),
            Self::TooManyValues => write!(f, "node text has more than {MAX_VALUES} values"),
            Self::Truncated => f.write_str("node text ends too early"),
            Self::Unexpected(at) => write!(f, "node text cannot be read from byte {at}"),
        }
    }
}

impl std::error::Error for NodeError {}

/// Removes the backslashes that quote one character each (`debackslash` in read.c).
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let quoted = match character {
            '\\' => characters.next(),
            _ => None,
        };
        plain.push(quoted.unwrap_or(character));
    }
    Cow::Owned(plain)
}
