//! Membership of objects in the extension, and the version of that extension.

use crate::error::Error;
use crate::pg::catalog::{self, Key};
use pgrx::pg_sys::{self, Oid};

/// The release of this library.
const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Raises an error unless a table belongs to the extension, in a version that this library can
/// serve.
pub fn require(table: Oid) {
    match version_of(pg_sys::RelationRelationId, table) {
        None => Error::NoSchema.raise(),
        Some(schema) if newer(&schema, LIBRARY_VERSION) => {
            let library = LIBRARY_VERSION;
            Error::NewerSchema { schema, library }.raise()
        }
        Some(_) => {}
    }
}

/// The version of the schema and that of this library, if the schema is the older one.
fn outdated() -> Option<(String, &'static str)> {
    let schema = catalog::extension(c"authguard").and_then(version_if_ours)?;
    newer(LIBRARY_VERSION, &schema).then_some((schema, LIBRARY_VERSION))
}

/// Returns true if the schema is of an older release than this library.
pub fn is_outdated() -> bool {
    outdated().is_some()
}

/// Raises the error of an object that this library needs and that is not there, or not as it must
/// be. If the schema is outdated, all that is missing may be the update, and the error says so.
pub fn lacking(error: Error, lacks: String) -> ! {
    match outdated() {
        Some((schema, library)) => Error::OlderSchema {
            schema,
            library,
            lacks,
        }
        .raise(),
        None => error.raise(),
    }
}

/// Returns true if this database has the extension.
pub fn is_installed() -> bool {
    catalog::extension(c"authguard").is_some()
}

/// Returns true if an object of catalogue `class` is a member of this extension.
pub fn is_ours(class: Oid, object: Oid) -> bool {
    version_of(class, object).is_some()
}

/// The version of this extension, if an object of catalogue `class` is a member of it.
fn version_of(class: Oid, object: Oid) -> Option<String> {
    catalog::extension_of(class, object).and_then(version_if_ours)
}

fn version_if_ours(extension: Oid) -> Option<String> {
    const OID: i16 = 1;
    const NAME: i16 = 2;
    const VERSION: i16 = 6;
    let mut version = None;
    catalog::scan(
        pg_sys::ExtensionRelationId,
        Some(Oid::from(pg_sys::ExtensionOidIndexId)),
        &[Key::Oid(OID, extension)],
        |row| {
            if row.name(NAME) == Some(c"authguard") {
                version = row.text(VERSION);
            }
        },
    );
    version
}

/// Returns true if version `a` is newer than `b`. They are compared number by number; a part that
/// is no number counts as newest.
fn newer(a: &str, b: &str) -> bool {
    let numbers = |version: &str| {
        version
            .split('.')
            .map(|n| n.parse().unwrap_or(u32::MAX))
            .collect::<Vec<_>>()
    };
    numbers(a) > numbers(b)
}

#[cfg(test)]
mod unit {
    use super::newer;

    #[test]
    fn versions_are_compared_number_by_number() {
        assert!(newer("0.10.0", "0.9.9"));
        assert!(newer("0.1.1", "0.1.0"));
        assert!(newer("1.0", "0.9.0"));
        assert!(newer("next", "0.1.0"));
        assert!(!newer("0.1.0", "0.1.0"));
        assert!(!newer("0.0.9", "0.1.0"));
    }
}
