//! The members of a JSON object, their values as they are written: a reader of ours would round numbers.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

/// By name; of two of a name the later one counts, as in `jsonb`.
#[derive(Default)]
pub struct Members(BTreeMap<String, Box<RawValue>>);

impl Members {
    /// Those of a JSON text; `None` where it is no object.
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// Whether there is one of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text of that name.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }

    /// Puts a member in, or another value in the place of its own.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Ok(value) = to_raw_value(&value.into()) {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// As `set`, with a value that is JSON.
    pub fn set_json(&mut self, name: &str, json: String) {
        if let Ok(value) = RawValue::from_string(json) {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// These, and those of `others`, which win.
    pub fn with(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod unit {
    use super::Members;

    #[test]
    fn what_is_not_touched_stays_as_it_is_written() {
        let json = r#"{"big": 12345678901234567890.10, "nested": {"b": 1.0, "a": "\u00e9"}, "role": "a"}"#;
        let members = Members::read(json).unwrap();
        let mut members = members.with(Members::read(r#"{"role": "b"}"#).unwrap());
        members.set("sub", "\"");
        members.set_json("amr", "[1.50]".to_owned());
        assert_eq!(
            members.to_json(),
            r#"{"amr":[1.50],"big":12345678901234567890.10,"nested":{"b": 1.0, "a": "\u00e9"},"role":"b","sub":"\""}"#
        );
        assert!(members.has("nested") && !members.has("b"));
        assert_eq!(members.text("role").as_deref(), Some("b"));
        assert_eq!(members.text("big"), None);
    }

    #[test]
    fn anything_but_an_object_has_no_members() {
        for json in ["", "[]", "null", "1", "\"a\"", "{", "{} {}"] {
            assert!(Members::read(json).is_none(), "{json}");
        }
    }
}
