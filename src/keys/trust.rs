//! The issuer and the key that a token asks for, from `authguard.issuer` and `authguard.key`.
//!
//! What was found is kept until a key or an issuer changes; what was not is looked for again.

use super::rejected::TokenRejected;
use super::{credentials, file};
use crate::invalidation::{self, PerGeneration};
use crate::pg::catalog::Key as Column;
use crate::schema::{self, Table};
use crate::settings;
use authguard_token::{Algorithm, Key, KeyStatus, Policy, Token};
use std::rc::Rc;

/// How many issuers' keys a backend keeps ready.
const MOST_KEPT: usize = 32;

/// What a token is judged by.
pub struct Trusted {
    pub policy: Policy,
    /// The values of claim `role` that the issuer may assert.
    pub roles: Vec<String>,
    /// The namespace of its subjects, where they are not those of others.
    pub subject_namespace: Option<[u8; 16]>,
    pub key: Key,
}

/// One row of `authguard.key`.
pub struct KeyRow {
    pub algorithm: Option<Algorithm>,
    pub jwk: Option<String>,
    pub credential: Option<String>,
    pub status: KeyStatus,
}

/// Whose key a token asks for, and which.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    pub issuer: String,
    pub kid: Option<String>,
    pub algorithm: Algorithm,
}

impl Asked {
    /// By a token whose signature is not checked yet.
    pub fn by(token: &Token<'_>) -> Result<Self, TokenRejected> {
        Ok(Self {
            issuer: token.issuer().ok_or(TokenRejected::NoIssuer)?.to_owned(),
            kid: token.key_id().map(str::to_owned),
            algorithm: token.algorithm(),
        })
    }
}

/// By issuer, `kid` and algorithm, the last found at the end.
type Found = Vec<(Asked, Rc<Trusted>)>;

static FOUND: PerGeneration<(u64, i64), Found> =
    PerGeneration::new(|| (invalidation::keys(), settings::leeway()), Vec::new());

/// What a token that asks so is to be judged by.
pub fn find(asked: Asked) -> Result<Rc<Trusted>, TokenRejected> {
    let known = FOUND.look(|found| {
        let known = found.iter().find(|(it, _)| *it == asked);
        known.map(|(_, trusted)| Rc::clone(trusted))
    });
    if let Some(trusted) = known {
        return Ok(trusted);
    }
    let read = || Ok((read(&asked, settings::leeway()).map(Rc::new)?, asked));
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
    let (policy, roles, subject_namespace) =
        issuer(&asked.issuer, leeway).ok_or(TokenRejected::UnknownIssuer)?;
    let key = match choose(asked) {
        Ok(row) if row.status == KeyStatus::Revoked => return Err(TokenRejected::RevokedKey),
        Ok(row) => verification_key(&row).ok_or(TokenRejected::BrokenKey)?,
        Err(cause) => key_in_file(asked).ok_or(cause)?,
    };
    Ok(Trusted {
        policy,
        roles,
        subject_namespace,
        key,
    })
}

/// Our own key, where it is in a file and the token names it.
fn key_in_file(asked: &Asked) -> Option<Key> {
    if asked.issuer != settings::issuer() {
        return None;
    }
    let own = file::key()?.ok()?;
    (own.public().key_id() == asked.kid.as_deref()).then(|| own.public().clone())
}

/// The key that the token names, else the one that takes any name, else the only one of its
/// algorithm.
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
            all.retain(|row| {
                row.status != KeyStatus::Revoked && row.algorithm == Some(asked.algorithm)
            });
            all
        }
    };
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(TokenRejected::AmbiguousKey),
        (None, _) => Err(TokenRejected::UnknownKey),
    }
}

fn issuer(name: &str, leeway: i64) -> Option<(Policy, Vec<String>, Option<[u8; 16]>)> {
    use schema::issuer as at;
    let mut found = None;
    if name == settings::issuer() && file::key().is_some() {
        // What rotate_signing_key() would have written, where no row says otherwise.
        let policy = Policy {
            leeway,
            ..Policy::new(name, vec![settings::audience()])
        };
        found = Some((policy, vec!["authenticated".to_owned()], None));
    }
    schema::read(Table::Issuer, |table| {
        table.scan(&[Column::Text(table.at(at::ISSUER), name)], |row| {
            let mut policy = Policy::new(name, row.texts(at::AUDIENCE));
            policy.types = row.texts(at::TYPES);
            policy.max_lifetime = row.get::<i32>(at::MAX_LIFETIME).map(i64::from);
            policy.leeway = leeway;
            let namespace = row.get::<pgrx::Uuid>(at::SUBJECT_NAMESPACE);
            found = Some((
                policy,
                row.texts(at::ROLES),
                namespace.map(|uuid| *uuid.as_bytes()),
            ));
        });
    });
    found
}

/// The keys of an issuer, or the one of them with this `kid`.
pub fn keys(issuer: &str, kid: Option<&str>) -> Vec<KeyRow> {
    use schema::key as at;
    let mut rows = Vec::new();
    schema::read(Table::Key, |table| {
        let mut asked = vec![Column::Text(table.at(at::ISSUER), issuer)];
        asked.extend(kid.map(|kid| Column::Text(table.at(at::KID), kid)));
        table.scan(&asked, |row| {
            rows.push(KeyRow {
                algorithm: row
                    .get::<String>(at::ALGORITHM)
                    .and_then(|name| Algorithm::from_name(&name)),
                jwk: row.get(at::JWK),
                credential: row
                    .get::<pgrx::Uuid>(at::CREDENTIAL)
                    .map(|uuid| authguard_token::format_uuid(uuid.as_bytes())),
                status: KeyStatus::of_row(&row.text(at::STATUS).unwrap_or_default()),
            });
        });
    });
    rows
}

/// `None` where the row was changed by hand, or its secret is not there (a restored dump has none).
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
