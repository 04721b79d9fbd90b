//! Which file of a repository an object is made in.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::finding::Finding;
use crate::server::ServerError;

/// Which file of a repository an object is made in.
///
/// The keys are objects as findings name them (`public.notes`), objects with a policy
/// (`public.notes own_notes`), schemas (`public`), or `*` for all others; the most exact one
/// counts. The values are paths in the repository, or `{"file": path, "line": number}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Place>);

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: u64,
}

/// The reason why a value is no such map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesError {
    /// It is no object.
    NoObject,
    /// The value of this key is no path.
    NoPath(String),
}

impl FilesError {
    /// Returns what to give instead, in a whole sentence.
    pub fn hint(&self) -> &'static str {
        "Map each object to its file, as in {\"public.notes\": \"migrations/1_notes.sql\", \"*\": \
         {\"file\": \"schema.sql\", \"line\": 1}}."
    }
}

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObject => f.write_str("the map of files is no JSON object"),
            Self::NoPath(key) => write!(
                f,
                "the file of \"{key}\" is neither a path nor {{file, line}}"
            ),
        }
    }
}

impl std::error::Error for FilesError {}

impl Files {
    /// Reads the map.
    ///
    /// # Errors
    ///
    /// If it is no object, or a value no path.
    pub fn of(map: &Value) -> Result<Self, FilesError> {
        let map = map.as_object().ok_or(FilesError::NoObject)?;
        let place = |(key, value): (&String, &Value)| {
            let place = place(value).ok_or_else(|| FilesError::NoPath(key.clone()))?;
            Ok((key.clone(), place))
        };
        map.iter().map(place).collect::<Result<_, _>>().map(Self)
    }

    /// Reads the map from a text.
    ///
    /// # Errors
    ///
    /// 22023 if it is no such map.
    pub fn read(text: &str) -> Result<Self, ServerError> {
        let map = serde_json::from_str(text).unwrap_or_default();
        Self::of(&map).map_err(|error| ServerError {
            sqlstate: "22023".to_owned(),
            message: error.to_string(),
            detail: None,
            hint: Some(error.hint().to_owned()),
        })
    }

    /// Returns the place of a finding. GitHub shows no finding without one, so whatever is not in
    /// the map gets a file of its own name that need not exist.
    pub(super) fn place(&self, finding: &Finding) -> Place {
        let policy = finding.policy.as_ref();
        let keys = [
            policy.map(|policy| format!("{} {policy}", finding.object)),
            Some(finding.object.clone()),
            finding.schema.clone(),
            Some("*".to_owned()),
        ];
        let mut places = keys.iter().flatten().filter_map(|key| self.0.get(key));
        places.next().cloned().unwrap_or_else(|| Place {
            file: uri(&format!(
                "database/{}",
                finding.object.replace(['/', '\\'], "_")
            )),
            line: 1,
        })
    }
}

fn place(value: &Value) -> Option<Place> {
    let (file, line) = match value {
        Value::String(file) => (file, 1),
        Value::Object(place) => {
            let line = match place.get("line") {
                None => 1,
                Some(line) => line.as_u64()?,
            };
            (
                place.get("file").and_then(|file| match file {
                    Value::String(file) => Some(file),
                    _ => None,
                })?,
                line,
            )
        }
        _ => return None,
    };
    let is_place = !file.is_empty() && line > 0 && line <= i32::MAX.unsigned_abs().into();
    is_place.then(|| Place {
        file: uri(file),
        line,
    })
}

/// Returns a path as a reference in the sense of RFC 3986, with `/` between its parts.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'\\' => uri.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => uri.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*'
            | b'+' | b',' | b';' | b'=' | b'@' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::{Files, FilesError};
    use crate::lint::rule::Draft;
    use crate::lint::rules;
    use serde_json::json;

    #[test]
    fn the_most_exact_key_counts() {
        let map = json!({
            "public.notes own": {"file": "own.sql", "line": 3},
            "public.notes": "notes.sql",
            "public": "public.sql",
            "*": "all.sql",
        });
        let files = Files::of(&map).unwrap();
        let finding = |object: &str, schema: &str, policy: Option<&str>| {
            let mut finding = Draft::other(rules::ALL[0], "table", object.to_owned()).done();
            finding.schema = Some(schema.to_owned());
            finding.policy = policy.map(str::to_owned);
            let place = files.place(&finding);
            (place.file, place.line)
        };
        let place = |file: &str, line| (file.to_owned(), line);
        assert_eq!(
            finding("public.notes", "public", Some("own")),
            place("own.sql", 3)
        );
        assert_eq!(
            finding("public.notes", "public", Some("it")),
            place("notes.sql", 1)
        );
        assert_eq!(
            finding("public.other", "public", None),
            place("public.sql", 1)
        );
        assert_eq!(finding("app.other", "app", None), place("all.sql", 1));
    }

    #[test]
    fn a_path_becomes_a_reference() {
        let files = Files::of(&json!({"*": "a dir\\ü#1.sql"})).unwrap();
        let finding = Draft::other(rules::ALL[0], "role", "r/o\"le".to_owned()).done();
        assert_eq!(files.place(&finding).file, "a%20dir/%C3%BC%231.sql");
        let place = Files::default().place(&finding);
        assert_eq!(place.file, "database/r_o%22le");
    }

    #[test]
    fn what_is_no_map_of_paths_is_refused() {
        assert_eq!(Files::of(&json!([])), Err(FilesError::NoObject));
        for value in [json!(1), json!(""), json!({"line": 1}), json!({"file": 1})] {
            let map = json!({ "k": value });
            assert_eq!(Files::of(&map), Err(FilesError::NoPath("k".to_owned())));
        }
        for line in [json!(0), json!(-1), json!("1"), json!(1e10)] {
            let map = json!({ "k": {"file": "a", "line": line} });
            assert!(Files::of(&map).is_err(), "{map}");
        }
        assert_eq!(Files::read("{").unwrap_err().sqlstate, "22023");
    }
}
