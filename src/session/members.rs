//! The members of a JSON object, their values as they are written: a reader of ours would round numbers.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// How long the claims of a token are, more or less.
const USUAL_BYTES: usize = 1024;

/// By name, each value as JSON; of two of a name the later one counts, as in `jsonb`.
#[derive(Default)]
pub struct Members<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

impl<'a> Members<'a> {
    /// These names and values, which are JSON.
    pub fn of(members: &[(&'a str, &'a str)]) -> Self {
        let borrowed = |(name, json): &(&'a str, &'a str)| ((*name).into(), (*json).into());
        Self(members.iter().map(borrowed).collect())
    }

    /// Those of a JSON text; `None` where it is no object.
    pub fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Whether there is one of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text of that name.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?).ok()
    }

    /// Puts a member in, or another value in the place of its own.
    pub fn set(&mut self, name: &'a str, value: impl Serialize) {
        if let Ok(json) = serde_json::to_string(&value) {
            self.set_json(name, json);
        }
    }

    /// As `set`, with a value that is JSON.
    pub fn set_json(&mut self, name: &'a str, json: impl Into<Cow<'a, str>>) {
        self.0.insert(name.into(), json.into());
    }

    /// These, and those of `others`, which win.
    pub fn with(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        json.push(b'{');
        for (name, value) in &self.0 {
            if json.len() > 1 {
                json.push(b',');
            }
            if serde_json::to_writer(&mut json, name).is_ok() {
                json.push(b':');
                json.extend_from_slice(value.as_bytes());
            }
        }
        json.push(b'}');
        String::from_utf8(json).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Reader).map(Self)
    }
}

/// Reads the members of an object, and borrows what it can.
struct Reader;

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Visitor<'a> for Reader {
    type Value = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
            members.insert(name, Cow::Borrowed(value.get()));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod unit {
    use super::Members;

    #[test]
    fn what_is_not_touched_stays_as_it_is_written() {
        let json =
            r#"{"big": 12345678901234567890.10, "nested": {"b": 1.0, "a": "\u00e9"}, "role": "a"}"#;
        let members = Members::of(&[("role", "null"), ("phone", "\"\"")]);
        let members = members.with(Members::read(json).unwrap());
        let mut members = members.with(Members::read(r#"{"role": "b"}"#).unwrap());
        members.set("sub", "\"");
        members.set_json("amr", "[1.50]".to_owned());
        assert_eq!(
            members.to_json(),
            r#"{"amr":[1.50],"big":12345678901234567890.10,"nested":{"b": 1.0, "a": "\u00e9"},"phone":"","role":"b","sub":"\""}"#
        );
        assert!(members.has("nested") && !members.has("b"));
        assert_eq!(members.text("role").as_deref(), Some("b"));
        assert_eq!(members.text("big"), None);
    }

    #[test]
    fn a_name_is_what_it_means_and_the_later_of_two_counts() {
        let members = Members::read(r#"{"a\u0062": 1, "ab": 2, "\"\n": 3}"#).unwrap();
        assert!(members.has("ab"));
        assert_eq!(members.to_json(), r#"{"\"\n":3,"ab":2}"#);
        assert_eq!(Members::default().to_json(), "{}");
    }

    #[test]
    fn anything_but_an_object_has_no_members() {
        for json in ["", "[]", "null", "1", "\"a\"", "{", "{} {}"] {
            assert!(Members::read(json).is_none(), "{json}");
        }
    }
}
