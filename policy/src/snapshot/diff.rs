//! What differs between two snapshots.

use super::FORMAT;
use crate::server::ServerError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The answer for an identity that reaches no row.
const NOBODY: &str = "none";

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The relation, or nothing if it is one of a role or an identity.
    pub relation: Option<String>,
    /// The identity or the role, or nothing if it is a fact about the relation.
    pub identity: Option<String>,
    /// The command, or the name of the fact.
    pub command: String,
    /// The text before.
    pub before: Option<String>,
    /// The text after.
    pub after: Option<String>,
}

/// Relation, identity and command. What belongs to no relation comes first.
type Place = (Option<String>, Option<String>, String);

/// Returns the differences, in the order of relations, identities and commands.
///
/// # Errors
///
/// 22023 if one of the two is no snapshot.
pub fn access_diff(before: &str, after: &str) -> Result<Vec<Difference>, ServerError> {
    let (before, after) = (entries(before)?, entries(after)?);
    let places: BTreeSet<&Place> = before.keys().chain(after.keys()).collect();
    let mut differences = Vec::new();
    for place in places {
        let (relation, identity, command) = place.clone();
        let (before, after) = (before.get(place), after.get(place));
        // Nobody reaches anything where there is nothing.
        let is_nothing = |text: Option<&String>| text.is_none_or(|text| text == NOBODY);
        let is_access = relation.is_some() && identity.is_some();
        if before == after || is_access && is_nothing(before) && is_nothing(after) {
            continue;
        }
        differences.push(Difference {
            relation,
            identity,
            command,
            before: before.cloned(),
            after: after.cloned(),
        });
    }
    Ok(differences)
}

fn entries(snapshot: &str) -> Result<BTreeMap<Place, String>, ServerError> {
    let snapshot: Value = serde_json::from_str(snapshot).unwrap_or_default();
    if snapshot.get("format").and_then(Value::as_u64) != Some(FORMAT.into()) {
        return Err(ServerError {
            sqlstate: "22023".to_owned(),
            message: "this is no snapshot of access".to_owned(),
            detail: None,
            hint: Some(
                "Take one with authguard.access_snapshot, or with authguard snapshot.".to_owned(),
            ),
        });
    }
    let mut entries = BTreeMap::new();
    for (name, identity) in fields(&snapshot, "identities") {
        let place = (None, Some(name.clone()), "identity".to_owned());
        entries.insert(place, identity.to_string());
    }
    for (role, facts) in fields(&snapshot, "roles") {
        for (fact, text) in facts.as_object().into_iter().flatten() {
            let place = (None, Some(role.clone()), format!("role: {fact}"));
            entries.insert(place, shown(text));
        }
    }
    for (relation, about) in fields(&snapshot, "relations") {
        for (fact, text) in fields(about, "facts") {
            let place = (Some(relation.clone()), None, fact.clone());
            entries.insert(place, shown(text));
        }
        for (identity, commands) in fields(about, "access") {
            for (command, answer) in commands.as_object().into_iter().flatten() {
                let place = (
                    Some(relation.clone()),
                    Some(identity.clone()),
                    command.clone(),
                );
                entries.insert(place, access(answer));
            }
        }
    }
    Ok(entries)
}

fn fields<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value
        .get(name)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn shown(text: &Value) -> String {
    text.as_str()
        .map_or_else(|| text.to_string(), str::to_owned)
}

/// An answer in a line.
fn access(answer: &Value) -> String {
    let text = |name: &str| answer.get(name).map(shown);
    let mut line = text("allowed").unwrap_or_default();
    if let Some(note) = text("note") {
        line = format!("{line}: {note}");
    }
    if line == NOBODY {
        return line;
    }
    let Some(rows) = answer.get("rows").and_then(Value::as_u64) else {
        return line;
    };
    let plural = if rows == 1 { "" } else { "s" };
    line = format!("{line}, {rows} row{plural}");
    let keys = answer.get("keys").and_then(Value::as_array);
    let keys: Vec<String> = keys.into_iter().flatten().map(shown).collect();
    let has_all = u64::try_from(keys.len()).is_ok_and(|count| count == rows);
    match text("digest") {
        None => line,
        Some(_) if has_all => format!("{line}: {}", keys.join(", ")),
        Some(digest) if keys.is_empty() => format!("{line} (md5 {digest})"),
        Some(digest) => format!("{line}: {}, … (md5 {digest})", keys.join(", ")),
    }
}
