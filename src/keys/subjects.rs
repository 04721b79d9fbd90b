//! Which issuers may speak for whose users, asked of each pair of issuers: when one is trusted, and
//! when the local issuer's key is in a file, so that no row of it was ever written.

use super::file;
use crate::error::Error;
use crate::pg::encoding::{Utf8, printable};
use crate::schema::{self, Table};
use crate::settings;
use authguard_token::{Subjects, uuid_v5};
use pgrx::Uuid;
use pgrx::prelude::*;
use std::collections::BTreeMap;

/// All issuers that are trusted, by name. The local issuer is one of them if its key is in a file.
fn trusted() -> BTreeMap<String, Subjects> {
    let own = settings::issuer();
    let mut issuers = BTreeMap::new();
    schema::read(Table::Issuer, |table| {
        use schema::issuer as at;
        table.scan(&[], |row| {
            let subjects = Subjects {
                namespace: row
                    .get::<Uuid>(at::SUBJECT_NAMESPACE)
                    .map(|uuid| *uuid.as_bytes()),
                shared: row.get(at::SHARES_SUBJECTS) == Some(true),
                is_local: false,
            };
            issuers.insert(row.text(at::ISSUER).unwrap_or_default(), subjects);
        });
    });
    // An issuer whose keys were all made here is the local issuer, perhaps under an earlier name.
    let mut made_here = BTreeMap::new();
    schema::read(Table::Key, |table| {
        use schema::key as at;
        table.scan(&[], |row| {
            let all = made_here
                .entry(row.text(at::ISSUER).unwrap_or_default())
                .or_insert(true);
            *all &= row.get(at::MADE_HERE) == Some(true);
        });
    });
    if file::is_set() {
        issuers.entry(own.clone()).or_insert(Subjects {
            namespace: None,
            shared: false,
            is_local: true,
        });
    }
    for (name, subjects) in &mut issuers {
        subjects.is_local = made_here.get(name).copied().unwrap_or(*name == own);
    }
    issuers
}

/// Raises an error if an issuer would speak for the users of another one, or another one for its
/// users.
fn require(issuer: &str, subjects: &Subjects) {
    for (other, known) in trusted() {
        if other != issuer && subjects.clash(&known) {
            let (speaker, users) = match known.is_local {
                true => (issuer.to_owned(), other),
                false if subjects.is_local => (other, issuer.to_owned()),
                false => (issuer.to_owned(), other),
            };
            let same_namespace = subjects.namespace.is_some();
            Error::SpeaksFor {
                speaker: printable(&speaker),
                users: printable(&users),
                same_namespace,
            }
            .raise();
        }
    }
}

/// Returns true if the local issuer, whose key is in a file, may be believed beside the others.
pub fn own_stands() -> bool {
    let all = trusted();
    let name = settings::issuer();
    let Some(own) = all.get(&name) else {
        return true;
    };
    own.is_local
        && !all
            .iter()
            .any(|(other, it)| *other != name && own.clash(it))
}

/// Raises the error if [`own_stands`] is not true.
pub fn require_own() {
    let name = settings::issuer();
    match trusted().get(&name) {
        Some(own) if !own.is_local => Error::ForeignKeys(printable(&name)).raise(),
        Some(own) => require(&name, own),
        None => {}
    }
}

#[pg_extern(sql = false)]
fn authguard_require_subjects(
    issuer: Utf8,
    namespace: Option<Uuid>,
    shared: Option<bool>,
    is_local: Option<bool>,
) {
    let namespace = namespace.map(|uuid| *uuid.as_bytes());
    require(
        &issuer,
        &Subjects {
            namespace,
            shared: shared.unwrap_or(false),
            is_local: is_local.unwrap_or(false),
        },
    );
}

/// The user that a subject is, for an issuer with that namespace.
#[pg_extern(sql = false)]
fn authguard_user_in_namespace(namespace: Uuid, subject: Utf8) -> Uuid {
    Uuid::from_bytes(uuid_v5(namespace.as_bytes(), &subject))
}
