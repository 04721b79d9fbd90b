//! Whether the installed schema is one that this library can serve, and where its tables are.

use crate::error::Error;
use crate::pg::catalog::{self, Key};
use crate::pg::log::{self, LogLevel};
use crate::pg::{state::PerBackend, transaction};
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;

/// The release of this library.
const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The OIDs that the decision needs.
#[derive(Clone, Copy)]
pub struct Objects {
    /// `authguard.revocation`.
    pub revocation: Oid,
    /// Its index `revocation_key`, as [`Objects::index`] gives it: each new token asks for it. What
    /// replaces an index invalidates its table, and so this.
    pub revocation_key: Option<Oid>,
    /// `authguard.issuer`.
    pub issuer: Oid,
    /// `authguard.key`.
    pub key: Oid,
    /// `authguard.session`.
    pub session: Oid,
    /// `authguard.event`.
    pub event: Oid,
    /// What gives it its ids.
    pub event_ids: Oid,
    /// `authguard.claims_function`.
    pub claims_function: Oid,
    /// `authguard.attached`.
    pub attached: Oid,
    /// `authguard.installation`.
    pub installation: Oid,
    /// Whether this database is a copy that nobody has acknowledged.
    pub copied: bool,
    /// `authguard.channel`, whose invalidation means "look for revocations again".
    pub channel: Oid,
    /// `authguard.key_channel`: "look for keys again".
    pub key_channel: Oid,
    /// `authguard.arrival_channel`: "what was not there may be there now".
    pub arrival_channel: Oid,
    namespace: Oid,
}

impl Objects {
    /// Looks everything up by name, and checks that it is the extension's own: a schema `authguard`
    /// that somebody else made is no source of decisions. Raises an error otherwise.
    pub fn find() -> Self {
        let found = catalog::schema(c"authguard").and_then(|namespace| {
            Some(Self {
                revocation: catalog::table(c"revocation", namespace)?,
                revocation_key: usable(c"revocation_key", namespace),
                issuer: catalog::table(c"issuer", namespace)?,
                key: catalog::table(c"key", namespace)?,
                session: catalog::table(c"session", namespace)?,
                event: catalog::table(c"event", namespace)?,
                event_ids: catalog::relation(c"event_id_seq", namespace)?,
                claims_function: catalog::table(c"claims_function", namespace)?,
                attached: catalog::table(c"attached", namespace)?,
                installation: catalog::table(c"installation", namespace)?,
                copied: false,
                channel: catalog::table(c"channel", namespace)?,
                key_channel: catalog::table(c"key_channel", namespace)?,
                arrival_channel: catalog::table(c"arrival_channel", namespace)?,
                namespace,
            })
        });
        let Some(mut objects) = found else {
            Error::NoSchema.raise()
        };
        let version = version_of(pg_sys::RelationRelationId, objects.revocation);
        match version {
            None => Error::NoSchema.raise(),
            Some(schema) if newer(&schema, LIBRARY_VERSION) => {
                let library = LIBRARY_VERSION;
                Error::NewerSchema { schema, library }.raise()
            }
            Some(_) => {
                objects.copied = is_copy(objects.installation);
                objects
            }
        }
    }

    /// What decides or is written to by the OIDs of here: where it is another one, or of another form, everything is
    /// looked up again.
    pub fn tables(&self) -> [Oid; 9] {
        [
            self.revocation,
            self.issuer,
            self.key,
            self.session,
            self.event,
            self.event_ids,
            self.claims_function,
            self.attached,
            self.installation,
        ]
    }

    /// An index of one of the tables. By name each time, because REINDEX CONCURRENTLY replaces it;
    /// `None`, and so a sequential scan, when it cannot be used.
    pub fn index(&self, name: &std::ffi::CStr) -> Option<Oid> {
        usable(name, self.namespace)
    }
}

fn usable(index: &std::ffi::CStr, namespace: Oid) -> Option<Oid> {
    catalog::relation(index, namespace).filter(|index| catalog::index_is_valid(*index))
}

/// Whether the rows of `authguard.installation` are anything but one that names this database: a restored
/// dump brings a second one, a clone or an upgrade has that of another. Tells the log so.
fn is_copy(installation: Oid) -> bool {
    const SYSTEM: i16 = 1;
    const DATABASE: i16 = 2;
    let (mut rows, mut ours) = (0, 0);
    catalog::scan(installation, None, &[], |row| {
        rows += 1;
        let here = (row.get::<i64>(SYSTEM), row.get::<Oid>(DATABASE));
        ours += i32::from(
            here == (
                Some(catalog::system_identifier()),
                Some(catalog::database()),
            ),
        );
    });
    let copied = (rows, ours) != (1, 1);
    if copied {
        log_copy();
    }
    copied
}

/// Says once in each connection that the database is a copy. A parallel worker does not: its leader has.
fn log_copy() {
    static LOGGED: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));
    if !transaction::is_parallel_worker() && !LOGGED.replace(true) {
        log::server_only(
            LogLevel::Warning,
            c"this database was restored, cloned or upgraded: authguard may not know what was revoked since",
            Some(c"Where in doubt: authguard.end_all_sessions(). Then: authguard.acknowledge_restore()."),
        );
    }
}

/// Whether an object of catalogue `class` is a member of this extension.
pub fn is_ours(class: Oid, object: Oid) -> bool {
    version_of(class, object).is_some()
}

/// The version of this extension that an object of catalogue `class` is a member of.
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
                version = row.get::<String>(VERSION);
            }
        },
    );
    version
}

/// Whether version `a` is newer than `b`, number by number; what is no number counts as newest.
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
