//! What kind of server it is.

use crate::ByteOrder;

/// What kind of server it is.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// `server_version_num`, as 150004.
    pub version: u32,
    /// The order of the bytes of constants.
    pub byte_order: ByteOrder,
    /// The name of the database.
    pub database: String,
    /// The owner of the database.
    pub database_owner: u32,
    /// The extension authguard, if it is there.
    pub authguard: Option<Own>,
    /// True if the schemas and roles are those of a Supabase project.
    pub is_supabase: bool,
    /// The names in `authguard.gateway_roles`, whether or not there are such roles; `None` if the
    /// setting is not known here.
    pub gateways: Option<Vec<String>>,
}

/// The extension authguard.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its version.
    pub version: String,
    /// Its owner.
    pub owner: u32,
    /// The schema of its readers, which may have been renamed: `auth`.
    pub readers: u32,
}

/// A schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its OID.
    pub oid: u32,
    /// Its name, not quoted.
    pub name: String,
    /// Its owner.
    pub owner: u32,
    /// The extension that it belongs to.
    pub extension: Option<String>,
}

impl Schema {
    /// Returns true if it is Postgres's own.
    pub fn is_system(&self) -> bool {
        ["pg_catalog", "information_schema"].contains(&self.name.as_str())
    }
}

/// What the extension says about itself.
#[derive(Clone, Debug, Default)]
pub struct OwnState {
    /// Privileges on its objects that no function `grant_*` gives: target, role, privileges.
    pub grants: Vec<(String, String, String)>,
    /// True if the database is a copy that nobody has acknowledged.
    pub is_copy: bool,
    /// Attached tables, each with its problem if it has one.
    pub attached: Vec<Attached>,
    /// Its tables that are not as they were made.
    pub tables: Vec<OwnProblem>,
    /// Words and names in its settings that nothing knows.
    pub settings: Vec<OwnProblem>,
    /// Readers that are not the library's own.
    pub replaced: Vec<ReplacedReader>,
    /// The issuers whose tokens are believed.
    pub issuers: Vec<Issuer>,
}

/// An issuer whose tokens are believed.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its name: claim `iss`.
    pub name: String,
    /// True if claim `aud` is checked.
    pub has_audience: bool,
    /// The clients whose tokens pass without an audience.
    pub client_ids: Vec<String>,
}

/// A table that is attached.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Its name as SQL spells it, or its OID if it is gone.
    pub name: String,
    /// Its OID.
    pub oid: u32,
    /// `users` or `sessions`.
    pub kind: String,
    /// The SQLSTATE of its problem. `01000`: it slows tokens down, and does not stop them.
    pub code: Option<String>,
    /// The problem.
    pub problem: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A problem of a table or setting of the extension.
#[derive(Clone, Debug)]
pub struct OwnProblem {
    /// The table or setting.
    pub object: String,
    /// What is wrong.
    pub problem: String,
    /// True if a table closes all access, or if nobody but the extension may know a word.
    pub is_serious: bool,
    /// What to do about it.
    pub hint: String,
}

/// A reader that is not the library's own.
#[derive(Clone, Debug)]
pub struct ReplacedReader {
    /// The function.
    pub function: u32,
    /// The type of its result.
    pub result: String,
    /// The library's file.
    pub library: String,
    /// The library's function.
    pub symbol: String,
}
