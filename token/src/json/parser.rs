//! serde_json reads the grammar. The visitor here builds the tree, in the same pass, and applies
//! the limits.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::number::{Literals, fits};
use super::{JsonError, Node, Object, order};

/// The greatest depth of nested objects and arrays; the outermost object has depth 1.
pub const MAX_DEPTH: usize = 16;

/// The most values that one text may hold, without keys and the object itself: 8 bytes a value in
/// 64 KiB.
pub const MAX_NODES: usize = 8192;

/// The number of claims that most tokens have at most.
const USUAL_CLAIMS: usize = 16;

pub(super) fn parse(text: &str) -> Result<Node<'_>, JsonError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut reader = Reader {
        literals: Literals::of(text),
        depth: 0,
        nodes: 0,
        refusal: None,
    };
    let node = reader.deserialize(&mut json);
    node.and_then(|node| json.end().map(|()| node))
        .map_err(|error| reader.refusal.unwrap_or_else(|| refusal_of(&error)))
}

/// Checks a tree that was built, not read, against the same limits; `depth` is that of the value
/// around it.
pub(super) fn check(node: &Node<'_>, depth: usize, nodes: &mut usize) -> Result<(), JsonError> {
    let mut all = |values: &mut dyn Iterator<Item = &Node<'_>>| {
        let depth = depth.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        for value in values {
            *nodes = nodes.saturating_add(1);
            if *nodes > MAX_NODES {
                return Err(JsonError::TooManyNodes);
            }
            check(value, depth, nodes)?;
        }
        Ok(())
    };
    match node {
        Node::Array(values) => all(&mut values.iter()),
        Node::Object(object) => all(&mut object.members().iter().map(|(_, value)| value)),
        _ => Ok(()),
    }
}

/// Returns the reason why serde_json refuses a text: its errors differ only in their words.
fn refusal_of(error: &serde_json::Error) -> JsonError {
    let words = error.to_string();
    let says = |start| words.starts_with(start);
    if says("number out of range") {
        JsonError::Number
    } else if says("lone leading surrogate") || says("unexpected end of hex escape") {
        JsonError::Character
    } else {
        JsonError::Syntax
    }
}

/// Reads a value, or a key, which is always a text.
struct Reader<'t> {
    literals: Literals<'t>,
    depth: usize,
    nodes: usize,
    refusal: Option<JsonError>,
}

impl Reader<'_> {
    fn refuse<T, E: Error>(&mut self, why: JsonError) -> Result<T, E> {
        self.refusal = Some(why);
        Err(E::custom(why))
    }

    fn enter<E: Error>(&mut self) -> Result<(), E> {
        self.depth = self.depth.saturating_add(1);
        match self.depth > MAX_DEPTH {
            true => self.refuse(JsonError::TooDeep),
            false => Ok(()),
        }
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn count<E: Error>(&mut self) -> Result<(), E> {
        self.nodes = self.nodes.saturating_add(1);
        match self.nodes > MAX_NODES {
            true => self.refuse(JsonError::TooManyNodes),
            false => Ok(()),
        }
    }
}

impl<'t> DeserializeSeed<'t> for &mut Reader<'t> {
    type Value = Node<'t>;

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<Node<'t>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for &mut Reader<'t> {
    type Value = Node<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'t>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node<'t>, E> {
        Ok(Node::Bool(flag))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node<'t>, E> {
        Ok(Node::Number(self.literals.take()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node<'t>, E> {
        Ok(Node::Number(self.literals.take()))
    }

    /// A fraction, or an integer that is too large.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Node<'t>, E> {
        let literal = self.literals.take();
        match fits(literal) {
            true => Ok(Node::Number(literal)),
            false => self.refuse(JsonError::Number),
        }
    }

    /// A text without escapes, which cannot hold U+0000.
    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Node<'t>, E> {
        self.literals.pass(text);
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'t>, E> {
        match text.contains('\0') {
            true => self.refuse(JsonError::Character),
            false => Ok(Node::Text(Cow::Owned(text.to_owned()))),
        }
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut seq: A) -> Result<Node<'t>, A::Error> {
        self.enter()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(&mut *self)? {
            self.count()?;
            values.push(value);
        }
        self.leave();
        Ok(Node::Array(values))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Node<'t>, A::Error> {
        self.enter()?;
        let expected = if self.depth == 1 { USUAL_CLAIMS } else { 0 };
        let mut members = Vec::with_capacity(expected);
        while let Some(Node::Text(key)) = map.next_key_seed(&mut *self)? {
            self.count()?;
            members.push((key, map.next_value_seed(&mut *self)?));
        }
        self.leave();
        members.sort_unstable_by(|(a, _), (b, _)| order(a, b));
        let same = |pair: &[(Cow<str>, Node)]| matches!(pair, [(a, _), (b, _)] if a == b);
        match members.windows(2).any(same) {
            true => self.refuse(JsonError::DuplicateKey),
            false => Ok(Node::Object(Object(members))),
        }
    }
}
