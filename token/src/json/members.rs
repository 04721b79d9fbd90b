//! The members of one object, one by one: what the caller wants as values, the rest only checked.
//!
//! No tree is built of what nobody asks for, as this runs for every new token. The rules are those of
//! [`parse_object`](super::parse_object).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{JsonError, Strict, read};

/// Calls `each` with every member that is `wanted`, in the order of the text.
///
/// When this fails, `each` may have been called already.
///
/// # Errors
/// As [`parse_object`](super::parse_object).
pub(crate) fn parse_members(
    text: &str,
    wanted: impl Fn(&str) -> bool,
    each: impl FnMut(&str, Value),
) -> Result<(), JsonError> {
    read(text, Members { wanted, each })
}

struct Members<W, E> {
    wanted: W,
    each: E,
}

impl<'de, W: Fn(&str) -> bool, E: FnMut(&str, Value)> DeserializeSeed<'de> for Members<W, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de, W: Fn(&str) -> bool, E: FnMut(&str, Value)> Visitor<'de> for Members<W, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Keys::default();
        while let Some(key) = map.next_key_seed(Key)? {
            if (self.wanted)(&key) {
                let value = map.next_value_seed(Strict)?;
                (self.each)(&key, value);
            } else {
                map.next_value_seed(Check)?;
            }
            seen.insert(key)?;
        }
        Ok(())
    }
}

/// Reads a value and keeps nothing of it, but refuses duplicate keys.
#[derive(Clone, Copy)]
struct Check;

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Keys::default();
        while let Some(key) = map.next_key_seed(Key)? {
            map.next_value_seed(self)?;
            seen.insert(key)?;
        }
        Ok(())
    }
}

/// A key, borrowed from the text unless it has escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// The keys of one object so far. Most objects have few, for which a list is fastest.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    more: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 32;

    fn insert<E: de::Error>(&mut self, key: Cow<'de, str>) -> Result<(), E> {
        let is_new = !self.few.contains(&key) && {
            if self.few.len() < Self::FEW {
                self.few.push(key);
                true
            } else {
                self.more.insert(key)
            }
        };
        if is_new {
            Ok(())
        } else {
            Err(de::Error::custom("duplicate key"))
        }
    }
}
