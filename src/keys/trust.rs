//! The issuer and the key that a token names, from `authguard.issuer` and `authguard.key`.
//!
//! A key that was found is kept until a key or an issuer changes. A key that was not found is
//! looked for again.

use super::rejected::TokenRejected;
use super::{credentials, file, subjects};
use crate::invalidation::{self, PerGeneration};
use crate::pg::catalog::Key as Column;
use crate::schema::{self, Table};
use crate::settings;
use authguard_token::{Algorithm, ClaimNames, Key, KeyStatus, Policy, Token, TokenError};
use std::rc::Rc;

/// The number of issuers' keys that a backend keeps ready.
const MOST_KEPT: usize = 32;

/// The policy, roles and key that a token is judged by.
pub struct Trusted {
    pub policy: Policy,
    /// The values of claim `role` that the issuer may assert.
    pub roles: Vec<String>,
    /// The namespace of the issuer's subjects, if they must be told from the subjects of other
    /// issuers.
    pub subject_namespace: Option<[u8; 16]>,
    pub key: Key,
}

/// One row of `authguard.key`.
pub struct KeyRow {
    pub kid: String,
    pub algorithm: Option<Algorithm>,
    pub jwk: Option<String>,
    pub credential: Option<String>,
    pub status: KeyStatus,
}

/// The issuer and the key that a token names.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    pub issuer: String,
    pub kid: Option<String>,
    pub algorithm: Algorithm,
}

impl Asked {
    /// The issuer and the key that a token names. Its signature is not checked yet.
    pub fn by(token: &Token<'_>) -> Result<Self, TokenRejected> {
        Ok(Self {
            issuer: token.issuer().ok_or(TokenRejected::NoIssuer)?.to_owned(),
            kid: token.key_id().map(str::to_owned),
            algorithm: token.algorithm(),
        })
    }
}

/// The trusted keys by issuer, `kid` and algorithm. The one found last is at the end.
type Found = Vec<(Asked, Rc<Trusted>)>;

static FOUND: PerGeneration<(u64, i64), Found> =
    PerGeneration::new(|| (invalidation::keys(), settings::leeway()), Vec::new());

/// Finds the policy, roles and key to judge such a token by.
pub fn find(asked: Asked) -> Result<Rc<Trusted>, TokenRejected> {
    let known = FOUND.look(|found| {
        let known = found.iter().find(|(it, _)| *it == asked);
        known.map(|(_, trusted)| Rc::clone(trusted))
    });
    if let Some(trusted) = known {
        return Ok(trusted);
    }
    // The issuer and its key are those of one committed state.
    let read = || {
        let read = invalidation::until_still(|| read(&asked, settings::leeway()));
        Ok((read.map(Rc::new)?, asked))
    };
    let (trusted, _) = FOUND.read(read, |found, trusted| {
        if let Ok((trusted, asked)) = trusted {
            if found.len() >= MOST_KEPT {
                found.remove(0);
            }
            found.push((asked.clone(), Rc::clone(trusted)));
        }
    })?;
    Ok(trusted)
}

fn read(asked: &Asked, leeway: i64) -> Result<Trusted, TokenRejected> {
    let (policy, roles, subject_namespace) = issuer(&asked.issuer, leeway)?;
    let key = key(asked)?;
    Ok(Trusted {
        policy,
        roles,
        subject_namespace,
        key,
    })
}

/// The key that verifies such a token.
pub fn key(asked: &Asked) -> Result<Key, TokenRejected> {
    match choose(asked) {
        Ok(row) if row.status == KeyStatus::Revoked => Err(TokenRejected::RevokedKey),
        Ok(row) => verification_key(&row).ok_or(TokenRejected::BrokenKey),
        Err(cause) => key_in_file(asked, cause),
    }
}

/// The local issuer's key, if it is in a file and the token names it, otherwise `cause`.
fn key_in_file(asked: &Asked, cause: TokenRejected) -> Result<Key, TokenRejected> {
    if asked.issuer != settings::issuer() {
        return Err(cause);
    }
    match file::key() {
        Some(Ok(own)) if own.public().key_id() == asked.kid.as_deref() => {
            match subjects::own_stands() {
                true => Ok(own.public().clone()),
                false => Err(TokenRejected::Subjects),
            }
        }
        _ => Err(cause),
    }
}

/// Chooses the key of a token, by its `kid` and its algorithm (RFC 7517 section 4.5). If the token
/// has a `kid`, it is the key of that name, otherwise the key that takes any name. If the token has
/// no `kid`, it is the only key of its algorithm that is not revoked.
fn choose(asked: &Asked) -> Result<KeyRow, TokenRejected> {
    let mut rows = match &asked.kid {
        Some(kid) => {
            let named = keys(&asked.issuer, Some(kid));
            match named.is_empty() {
                true => keys(&asked.issuer, Some("")),
                false => named,
            }
        }
        None => {
            let mut all = keys(&asked.issuer, None);
            all.retain(|row| row.status != KeyStatus::Revoked);
            all
        }
    };
    let is_named = asked.kid.is_some() && !rows.is_empty();
    rows.retain(|row| row.algorithm == Some(asked.algorithm));
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(TokenRejected::AmbiguousKey),
        (None, _) if is_named => Err(TokenRejected::Token(TokenError::AlgorithmMismatch)),
        (None, _) => Err(TokenRejected::UnknownKey),
    }
}

/// The policy, roles and namespace of an issuer.
pub type IssuerRow = (Policy, Vec<String>, Option<[u8; 16]>);

/// The row of an issuer, if it is trusted.
pub fn issuer(name: &str, leeway: i64) -> Result<IssuerRow, TokenRejected> {
    use schema::issuer as at;
    let mut found = Err(TokenRejected::UnknownIssuer);
    if name == settings::issuer() && file::is_set() {
        // If no row says otherwise, these are the values that rotate_signing_key() would have
        // written.
        let policy = Policy {
            leeway,
            ..Policy::new(name, vec![settings::audience()])
        };
        found = Ok((policy, vec!["authenticated".to_owned()], None));
    }
    schema::read(Table::Issuer, |table| {
        table.scan(&[Column::Text(table.at(at::ISSUER), name)], |row| {
            let mut policy = Policy::new(name, row.texts(at::AUDIENCE));
            policy.client_ids = row.texts(at::CLIENT_IDS);
            policy.types = row.texts(at::TYPES);
            policy.max_lifetime = row.get::<i32>(at::MAX_LIFETIME).map(i64::from);
            policy.leeway = leeway;
            let namespace = row.get::<pgrx::Uuid>(at::SUBJECT_NAMESPACE);
            let (preset, claims) = (row.text(at::PRESET), row.json(at::CLAIMS));
            let names = ClaimNames::new(preset.as_deref(), claims.as_deref());
            found = names.map_err(|_| TokenRejected::BrokenNames).map(|names| {
                // The sessions of the local issuer are at their own place.
                policy.names = names.filter(|_| name != settings::issuer());
                let namespace = namespace.map(|uuid| *uuid.as_bytes());
                (policy, row.texts(at::ROLES), namespace)
            });
        });
    });
    found
}

/// The keys of an issuer, or only its keys with this `kid`.
pub fn keys(issuer: &str, kid: Option<&str>) -> Vec<KeyRow> {
    use schema::key as at;
    let mut rows = Vec::new();
    schema::read(Table::Key, |table| {
        let mut asked = vec![Column::Text(table.at(at::ISSUER), issuer)];
        asked.extend(kid.map(|kid| Column::Text(table.at(at::KID), kid)));
        table.scan(&asked, |row| {
            rows.push(KeyRow {
                kid: row.text(at::KID).unwrap_or_default(),
                algorithm: row
                    .text(at::ALGORITHM)
                    .and_then(|name| Algorithm::from_name(&name)),
                jwk: row.text(at::JWK),
                credential: row
                    .get::<pgrx::Uuid>(at::CREDENTIAL)
                    .map(|uuid| authguard_token::format_uuid(uuid.as_bytes())),
                status: KeyStatus::of_row(&row.text(at::STATUS).unwrap_or_default()),
            });
        });
    });
    rows
}

/// The key of a row. Returns `None` if the row was changed by hand, or its secret is not there (a
/// restored dump has none).
fn verification_key(row: &KeyRow) -> Option<Key> {
    let key = match &row.jwk {
        Some(jwk) => Key::from_jwk(jwk).ok()?,
        None => {
            let secret = credentials::read(row.credential.as_deref()?)?;
            Key::from_secret(&secret, row.algorithm?).ok()?
        }
    };
    (Some(key.algorithm()) == row.algorithm).then_some(key)
}
