//! What kind of server it is.

/// What kind of server it is.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// `server_version_num`, as 150004.
    pub version: u32,
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
