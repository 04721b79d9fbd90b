//! Who sees which rows, and the facts behind it, at one moment; and what differs between two.

mod diff;
mod facts;

pub use diff::{Difference, access_diff};

use crate::command::Command;
use crate::declared::Declared;
use crate::identity::Identity;
use crate::matrix::{Access, Allowed, Case, MAX_ROWS, Relation, Trial};
use crate::server::{Server, ServerError};
use serde_json::{Map, Value, json};

/// The version of the form of a snapshot.
const FORMAT: u32 = 1;
/// The keys that are kept of the rows that an identity sees.
const KEYS: usize = 20;

/// Takes a snapshot: what [`access_matrix`](crate::access_matrix) answers, the rows that each
/// identity sees, and owners, privileges, policies, views, functions and roles. Partitions of the
/// relations and views that read them belong to it.
///
/// The same database gives the same snapshot.
///
/// # Errors
///
/// As [`access_matrix`](crate::access_matrix).
pub fn access_snapshot(
    server: &mut dyn Server,
    identities: &[Identity],
    relations: Option<&[u32]>,
) -> Result<Value, ServerError> {
    let trial = Trial::open(server, identities)?;
    let result = take(server, &trial, identities, relations);
    let closed = server.roll_back();
    let snapshot = result?;
    closed?;
    Ok(snapshot)
}

fn take(
    server: &mut dyn Server,
    trial: &Trial<'_>,
    identities: &[Identity],
    relations: Option<&[u32]>,
) -> Result<Value, ServerError> {
    let oids = match relations {
        Some(oids) => {
            // One that is no relation is an error.
            Relation::list(server, Some(oids))?;
            Some(facts::with_dependents(server, oids)?)
        }
        None => None,
    };
    let relations = Relation::list(server, oids.as_deref())?;
    let mut seen: Vec<(String, String, Seen)> = Vec::new();
    let answers = trial.all(server, &relations, &mut |server, case, access| {
        if let Some(rows) = rows_seen(server, case, access)? {
            seen.push((access.name.clone(), access.identity.clone(), rows));
        }
        Ok(())
    })?;
    let mut all = Map::new();
    for relation in &relations {
        let facts = facts::of_relation(server, relation)?;
        all.insert(relation.name.clone(), json!({"facts": facts, "access": {}}));
    }
    for policy in Declared::list(server, None)? {
        if let Some(facts) = all
            .get_mut(&policy.table)
            .and_then(|it| it.get_mut("facts"))
        {
            insert(
                facts,
                &format!("policy {}", policy.name),
                json!(policy.terms()),
            );
        }
    }
    for access in &answers {
        let rows = seen
            .iter()
            .find(|(name, identity, _)| *name == access.name && *identity == access.identity)
            .filter(|_| access.command == Command::Select)
            .map(|(_, _, rows)| rows);
        if let Some(by_identity) = all
            .get_mut(&access.name)
            .and_then(|it| it.get_mut("access"))
        {
            if by_identity.get(&access.identity).is_none() {
                insert(by_identity, &access.identity, json!({}));
            }
            if let Some(commands) = by_identity.get_mut(&access.identity) {
                insert(commands, access.command.word(), answer(access, rows));
            }
        }
    }
    let named = identities.iter().map(|identity| {
        let claims = identity.claims.as_deref().map_or(Value::Null, |claims| {
            serde_json::from_str(claims).unwrap_or_default()
        });
        (
            identity.name.clone(),
            json!({"role": identity.role, "claims": claims}),
        )
    });
    Ok(json!({
        "format": FORMAT,
        "identities": Map::from_iter(named),
        "roles": facts::of_roles(server, identities, &relations)?,
        "relations": all,
    }))
}

/// The rows that an identity sees.
struct Seen {
    digest: String,
    /// The keys of the first ones.
    keys: Vec<String>,
}

fn answer(access: &Access, rows: Option<&Seen>) -> Value {
    let mut answer = json!({"allowed": access.allowed.as_str()});
    if let Some(rows) = access.rows {
        insert(&mut answer, "rows", json!(rows));
    }
    if let Some(Seen { digest, keys }) = rows {
        insert(&mut answer, "digest", json!(digest));
        insert(&mut answer, "keys", json!(keys));
    }
    if let (Allowed::Error, Some(note)) = (access.allowed, &access.note) {
        insert(&mut answer, "note", json!(note));
    }
    answer
}

/// Returns the rows that an identity sees, if it may read what tells them apart.
fn rows_seen(
    server: &mut dyn Server,
    case: &Case<'_>,
    access: &Access,
) -> Result<Option<Seen>, ServerError> {
    if access.command != Command::Select || access.rows.is_none_or(|rows| rows == 0) {
        return Ok(None);
    }
    let key = facts::key_of(server, case.relation)?;
    let kept = if key.is_some() { KEYS } else { 0 };
    let key = key.as_deref().unwrap_or("(\"a row\".*)::pg_catalog.text");
    let from = case.relation.name.as_str();
    let sample = match case.relation.kind {
        'r' | 'p' | 'm' => case.relation.sample(),
        _ => String::new(),
    };
    let sql = format!(
        "select pg_catalog.md5(pg_catalog.string_agg(k.key, ',' order by k.key)),
                pg_catalog.to_json((pg_catalog.array_agg(k.key order by k.key))[1:{kept}])
                    ::pg_catalog.text
           from (select ({key}) collate pg_catalog.\"C\" as key from {from} \"a row\"{sample}
                  limit {MAX_ROWS}) k"
    );
    let rows = case.as_identity(server, |server| server.query(&sql, &[]))?;
    let Some(row) = rows.ok().and_then(|rows| rows.into_iter().next()) else {
        return Ok(None);
    };
    let [Some(digest), Some(keys)] = &row[..] else {
        return Ok(None);
    };
    Ok(Some(Seen {
        digest: digest.clone(),
        keys: serde_json::from_str(keys).unwrap_or_default(),
    }))
}

/// Puts a field into an object.
fn insert(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}
