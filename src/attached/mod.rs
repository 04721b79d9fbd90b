//! Attached tables: tables of users and sessions that others keep, and that also decide.
//!
//! `authguard.attached` lists these tables, each with its issuer. A trigger on the table itself
//! declares which column is which (`UPDATE OF` its columns, with their meanings as arguments).
//! Postgres follows the columns through every rename, and pg_dump writes the trigger with the
//! table.
//!
//! The table's present form is checked before each look-up. If something needed is missing, the
//! table shuts out every user it concerns.

pub mod changes;
mod descent;
mod functions;
mod layout;
mod problem;
mod registry;
mod rows;
pub mod table;

pub use authguard_token::AttachedKind;
pub use layout::{Identity, Layout};
pub use problem::TableProblem;
pub use registry::{is_attached, refresh_on_change};
pub use rows::{metadata, sessions, shuts, weigh};

/// The meaning of a column of an attached table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The name of the row: a user's `sub`, or a session as the issuer names it.
    Id,
    /// A user's ban: the user is banned until that time.
    BannedUntil,
    /// A user's deletion: the user is deleted unless this is NULL (or false).
    DeletedAt,
    /// A user's metadata.
    AppMetadata,
    /// A user's role.
    Role,
    /// The user of a session.
    UserId,
    /// The end of a session.
    NotAfter,
}

impl Part {
    /// All parts.
    pub const ALL: [Part; 7] = [
        Self::Id,
        Self::BannedUntil,
        Self::DeletedAt,
        Self::AppMetadata,
        Self::Role,
        Self::UserId,
        Self::NotAfter,
    ];

    /// The part's name in the trigger and in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::BannedUntil => "banned_until",
            Self::DeletedAt => "deleted_at",
            Self::AppMetadata => "app_metadata",
            Self::Role => "role",
            Self::UserId => "user_id",
            Self::NotAfter => "not_after",
        }
    }

    /// The part that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}
