//! Whose access is looked at, and at which tables.

use crate::arguments::Subjects;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::session::Session;
use authguard_policy::Identity;
use std::fs;

/// The identities of the file that is named, or of the configuration.
pub fn identities(subjects: &Subjects, config: &Config) -> Result<String> {
    let text = match &subjects.identities {
        Some(file) => fs::read_to_string(file)
            .map_err(|error| Error::new(format!("cannot read {}: {error}", file.display())))?,
        None if config.identities.is_empty() => {
            return Err(Error::new("there are no identities")
                .hint("Name a file with --identities, or have [[identities]] in authguard.toml."));
        }
        None => serde_json::Value::from(config.identities.clone()).to_string(),
    };
    serde_json::from_str::<serde_json::Value>(&text)
        .map_err(|error| Error::new(format!("the identities are no JSON: {error}")))?;
    Ok(text)
}

/// Reads identities.
pub fn read(text: &str) -> Result<Vec<Identity>> {
    let all = Identity::list(text)?;
    match all.is_empty() {
        false => Ok(all),
        true => Err(Error::new("there are no identities")),
    }
}

/// The OIDs of the tables that are named; nothing if all count.
pub fn relations(session: &mut Session, subjects: &Subjects) -> Result<Option<Vec<u32>>> {
    let names = &subjects.relations;
    let sql = "select $1::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text";
    let oids = names.iter().map(|name| {
        let oid = session.value(sql, &[Some(name)])?;
        oid.and_then(|oid| oid.parse().ok())
            .ok_or_else(|| Error::new(format!("there is no table \"{name}\"")))
    });
    let oids = oids.collect::<Result<_>>()?;
    Ok(Some(oids).filter(|_| !names.is_empty()))
}

/// The OIDs of those of the tables that are there, for a time before or after others are.
pub fn relations_there(session: &mut Session, subjects: &Subjects) -> Result<Option<Vec<u32>>> {
    let names = &subjects.relations;
    let sql = "select pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.text";
    let oids = names.iter().map(|name| session.value(sql, &[Some(name)]));
    let oids = oids.collect::<Result<Vec<_>>>()?;
    let there = oids
        .into_iter()
        .flatten()
        .filter_map(|oid| oid.parse().ok());
    let there = there.collect();
    Ok(Some(there).filter(|_| !names.is_empty()))
}
