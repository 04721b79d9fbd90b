//! The strict parser: it returns one JSON object, or an error that names the rule and nothing of
//! the text.
//!
//! serde_json reads the grammar; `parser` builds the tree, applies the limits and borrows from the
//! text. Postgres's `jsonb` accepts every text that passes, with the same values. `writer` writes a
//! tree again. `split` takes a text apart that `jsonb` has accepted.

mod number;
mod parser;
mod split;
mod writer;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Value};

pub use number::MAX_NUMBER_BYTES;
pub(crate) use number::number;
pub use parser::{MAX_DEPTH, MAX_NODES};
pub(crate) use split::split;

/// A value of JSON.
#[derive(Clone, PartialEq)]
pub enum Node<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written, of at most [`MAX_NUMBER_BYTES`].
    Number(&'t str),
    /// A string, its escapes replaced.
    Text(Cow<'t, str>),
    /// An array.
    Array(Vec<Node<'t>>),
    /// An object.
    Object(Object<'t>),
}

impl<'t> Node<'t> {
    /// Parses a text that is exactly one value of JSON (RFC 8259), blanks around it allowed.
    ///
    /// # Errors
    /// See [`JsonError`]. A text with several faults is refused for one of them.
    pub fn parse(text: &'t str) -> Result<Self, JsonError> {
        parser::parse(text)
    }

    /// Checks that a tree that was built could be read: it is no deeper than [`MAX_DEPTH`] and has
    /// no more than [`MAX_NODES`] values.
    ///
    /// # Errors
    /// [`JsonError::TooDeep`] or [`JsonError::TooManyNodes`].
    pub fn check(&self) -> Result<(), JsonError> {
        parser::check(self, 0, &mut 0)
    }

    /// Returns the value as JSON, numbers as they were written.
    pub fn to_json(&self) -> String {
        writer::write(self)
    }
}

impl<'t, T: Into<Cow<'t, str>>> From<T> for Node<'t> {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// An object: no key occurs twice, and the members are in the order of their keys' lengths, then
/// bytes.
#[derive(Clone, Default, PartialEq)]
pub struct Object<'t>(Vec<(Cow<'t, str>, Node<'t>)>);

impl<'t> Object<'t> {
    /// Parses a text that is exactly one JSON object (RFC 8259), blanks around it allowed.
    ///
    /// # Errors
    /// See [`JsonError`]. A text with several faults is refused for one of them.
    pub fn parse(text: &'t str) -> Result<Self, JsonError> {
        if !text.trim_ascii_start().starts_with('{') {
            return Err(JsonError::NotAnObject);
        }
        match Node::parse(text)? {
            Node::Object(object) => Ok(object),
            _ => Err(JsonError::NotAnObject),
        }
    }

    /// Returns the members, shorter keys first.
    pub fn members(&self) -> &[(Cow<'t, str>, Node<'t>)] {
        &self.0
    }

    /// Returns the value of a member.
    pub fn get(&self, name: &str) -> Option<&Node<'t>> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// Adds a member, or replaces its value.
    pub fn set(&mut self, name: impl Into<Cow<'t, str>>, value: impl Into<Node<'t>>) {
        let (name, value) = (name.into(), value.into());
        match self.0.binary_search_by(|(key, _)| order(key, &name)) {
            Ok(place) => {
                if let Some(member) = self.0.get_mut(place) {
                    member.1 = value;
                }
            }
            Err(place) => self.0.insert(place, (name, value)),
        }
    }

    /// Adds all members of another object, and replaces the values of those that exist.
    pub fn extend(&mut self, others: Self) {
        for (name, value) in others.0 {
            self.set(name, value);
        }
    }
}

/// The order of the members of `jsonb` (lengthCompareJsonbPair in
/// src/backend/utils/adt/jsonb_util.c).
fn order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The reason why a text is refused. No variant carries anything of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonError {
    /// Not JSON (RFC 8259), or something follows the object.
    Syntax,
    /// It does not begin as an object, JSON or not.
    NotAnObject,
    /// A key occurs twice in one object, at any level.
    DuplicateKey,
    /// Objects and arrays are nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More values than [`MAX_NODES`] allows.
    TooManyNodes,
    /// A number that is neither an `i64`, a `u64` nor a finite double, or is written too long.
    Number,
    /// U+0000 or a surrogate without its other half, in a string or a key.
    Character,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not valid JSON",
            Self::NotAnObject => "not a JSON object",
            Self::DuplicateKey => "a key occurs twice in one object",
            Self::TooDeep => "nested too deeply",
            Self::TooManyNodes => "too many values",
            Self::Number => "a number is out of range",
            Self::Character => "a string holds U+0000 or half a surrogate pair",
        })
    }
}

impl std::error::Error for JsonError {}

/// Parses as [`Object::parse`], into values of serde_json. A fraction becomes a double.
///
/// # Errors
/// See [`JsonError`].
pub fn parse_object(text: &str) -> Result<Map<String, Value>, JsonError> {
    Object::parse(text).map(map)
}

fn map(object: Object<'_>) -> Map<String, Value> {
    let members = object.0.into_iter();
    members
        .map(|(key, node)| (key.into_owned(), value(node)))
        .collect()
}

fn value(node: Node<'_>) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(flag) => Value::Bool(flag),
        Node::Number(literal) => Value::Number(number(literal)),
        Node::Text(text) => Value::String(text.into_owned()),
        Node::Array(values) => values.into_iter().map(value).collect(),
        Node::Object(object) => Value::Object(map(object)),
    }
}
