//! The strict parser: one JSON object, or a refusal that names the rule and nothing of the text.
//!
//! serde_json reads the grammar. The scan comes first, allocates nothing and applies the limits; the
//! visitor below refuses duplicate keys, which serde_json would merge (the last one wins). Whatever
//! passes is also accepted by Postgres's `jsonb`, with the same values; only a fraction, which jsonb keeps
//! digit by digit, is here a double, true to its last bit or so.

mod members;
mod scan;

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

pub(crate) use members::parse_members;
pub use scan::{MAX_DEPTH, MAX_NODES};

/// Why a text is refused. No variant carries anything of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonError {
    /// Not JSON (RFC 8259), or something follows the object.
    Syntax,
    /// JSON or not, it does not begin as an object.
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

/// Parses a text that is exactly one JSON object (RFC 8259), blanks around it allowed.
///
/// # Errors
/// See [`JsonError`]. A text with several faults is refused for one of them.
pub fn parse_object(text: &str) -> Result<Map<String, Value>, JsonError> {
    match read(text, Strict)? {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError::NotAnObject),
    }
}

/// Applies the limits to a text that begins as an object, and hands it to the visitor.
fn read<'t, S: DeserializeSeed<'t>>(text: &'t str, seed: S) -> Result<S::Value, JsonError> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(JsonError::NotAnObject);
    }
    scan::scan(text)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| {
            // The visitors' own refusal is the only error that is not about syntax.
            if error.is_data() {
                JsonError::DuplicateKey
            } else {
                JsonError::Syntax
            }
        })
}

/// Builds a [`Value`] as serde_json does, but refuses duplicate keys.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(slot) => slot.insert(map.next_value_seed(self)?),
                Entry::Occupied(_) => return Err(de::Error::custom("duplicate key")),
            };
        }
        Ok(Value::Object(object))
    }
}
