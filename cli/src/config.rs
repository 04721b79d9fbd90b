//! The configuration file, `authguard.toml`.

use crate::arguments::{Configuration, FailOn};
use crate::error::{Error, Result};
use authguard_policy::finding::Level;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The file that is read if it is in the working directory and none is named.
pub const FILE: &str = "authguard.toml";

/// What the file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The schemas to look at.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// The level from which findings count.
    pub fail_on: Option<FailOn>,
    /// The level of a rule, if it is not the rule's own.
    #[serde(default)]
    pub rules: BTreeMap<String, Setting>,
    /// Findings that somebody has accepted.
    #[serde(default)]
    pub accept: Vec<Accepted>,
    /// The file that makes an object, or the file and the line, for SARIF.
    #[serde(default)]
    #[serde(deserialize_with = "as_json")]
    pub files: BTreeMap<String, serde_json::Value>,
    /// Whose access is looked at by `matrix`, `snapshot` and `diff`.
    #[serde(default)]
    #[serde(deserialize_with = "as_json")]
    pub identities: Vec<serde_json::Value>,
}

/// Reads what becomes JSON, which has no dates and no numbers without an end.
fn as_json<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> std::result::Result<T, D::Error> {
    let value = toml::Value::deserialize(from)?;
    check_json(&value).map_err(D::Error::custom)?;
    T::deserialize(value).map_err(D::Error::custom)
}

fn check_json(value: &toml::Value) -> std::result::Result<(), String> {
    match value {
        toml::Value::Datetime(date) => Err(format!(
            "{date} is a date: claims have the seconds since 1970, or a text between quotes"
        )),
        toml::Value::Float(number) if !number.is_finite() => {
            Err(format!("{number} is no number of JSON"))
        }
        toml::Value::Array(values) => values.iter().try_for_each(check_json),
        toml::Value::Table(table) => table.values().try_for_each(check_json),
        _ => Ok(()),
    }
}

/// What is done with the findings of a rule.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// They are left out.
    Off,
    /// They are errors.
    Error,
    /// They are warnings.
    Warning,
    /// They are for information.
    Info,
}

impl Setting {
    /// Returns the level that the findings get; nothing if they are left out.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Off => None,
            Self::Error => Some(Level::Error),
            Self::Warning => Some(Level::Warning),
            Self::Info => Some(Level::Info),
        }
    }
}

/// A finding that is accepted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Which one.
    pub fingerprint: String,
    /// Why.
    pub reason: String,
    /// Until when; for ever if it is not set.
    pub until: Option<toml::value::Datetime>,
}

impl Config {
    /// Reads the named file, or the usual one if there is one.
    pub fn read(configuration: &Configuration) -> Result<Self> {
        let named = configuration.config.as_deref();
        let file = named.unwrap_or(Path::new(FILE));
        if named.is_none() && !file.exists() {
            return Ok(Self::default());
        }
        let cannot = |error: String| Error::new(format!("cannot read {}: {error}", file.display()));
        let text = fs::read_to_string(file).map_err(|error| cannot(error.to_string()))?;
        Self::parse(&text).map_err(cannot)
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for accepted in &config.accept {
            let fingerprint = &accepted.fingerprint;
            if accepted.reason.trim().is_empty() {
                return Err(format!(
                    "the accepted finding {fingerprint} has an empty reason"
                ));
            }
            if accepted.until.is_some_and(|until| until.date.is_none()) {
                return Err(format!(
                    "the accepted finding {fingerprint} has a time without a date in until"
                ));
            }
        }
        Ok(config)
    }

    /// The level from which findings count.
    pub fn fail_on(&self, argument: Option<FailOn>) -> Level {
        match argument.or(self.fail_on) {
            Some(FailOn::Error) => Level::Error,
            Some(FailOn::Warning) | None => Level::Warning,
            Some(FailOn::Info) => Level::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_looked_at_and_what_is_accepted() {
        let config = Config::parse(
            r#"
            schemas = ["public", "api"]
            fail-on = "error"

            [rules]
            some_rule = "off"
            other_rule = "warning"

            [[accept]]
            fingerprint = "abc"
            reason = "a public catalogue"
            until = 2027-01-01

            [files]
            "public.note" = "migrations/1_note.sql"

            [[identities]]
            name = "ada"
            role = "authenticated"
            claims = { sub = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", n = 1 }
            "#,
        )
        .unwrap();
        assert_eq!(config.schemas, ["public", "api"]);
        assert_eq!(config.fail_on(None), Level::Error);
        assert_eq!(config.fail_on(Some(FailOn::Info)), Level::Info);
        assert_eq!(config.rules["some_rule"], Setting::Off);
        assert_eq!(config.accept[0].until.unwrap().to_string(), "2027-01-01");
        assert_eq!(config.files["public.note"], "migrations/1_note.sql");
        let claims = serde_json::json!({"sub": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "n": 1});
        assert_eq!(config.identities[0]["claims"], claims);
        assert_eq!(Config::parse("").unwrap().fail_on(None), Level::Warning);
    }

    #[test]
    fn a_slip_of_the_pen_is_an_error() {
        for bad in [
            "schema = ['public']",
            "fail-on = 'never'",
            "[rules]\nsome_rule = 'no'",
            "[[accept]]\nfingerprint = 'a'",
            "[[accept]]\nfingerprint = 'a'\nreason = ' '",
            "[[accept]]\nfingerprint = 'a'\nreason = 'b'\nuntil = 'tomorrow'",
            "[[accept]]\nfingerprint = 'a'\nreason = 'b'\nuntil = 07:32:00",
            "[[identities]]\nname = 'a'\nclaims = { exp = 2099-01-01 }",
            "[[identities]]\nname = 'a'\nclaims = { exp = [inf] }",
        ] {
            assert!(Config::parse(bad).is_err(), "{bad}");
        }
    }
}
