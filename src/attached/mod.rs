//! Attached tables: tables of users and sessions that others keep, and that decide, too.
//!
//! `authguard.attached` says which tables these are, for which issuer. Which of a table's columns
//! is which is written in a trigger on the table itself (`UPDATE OF` its columns, with their
//! meanings as arguments): Postgres follows it through every rename, and pg_dump writes it with the
//! table. Before each look-up the table's present form is checked; one that has lost what is needed
//! shuts everybody out whom it concerns.

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

/// What a column of an attached table means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Names the row: a user's `sub`, a `session_id`.
    Id,
    /// Of a user: banned until then.
    BannedUntil,
    /// Of a user: deleted unless NULL (or false).
    DeletedAt,
    /// Of a user: its metadata.
    AppMetadata,
    /// Of a user: its role.
    Role,
    /// Of a session: whose it is.
    UserId,
    /// Of a session: when it ends.
    NotAfter,
}

impl Part {
    /// All of them.
    pub const ALL: [Part; 7] = [
        Self::Id,
        Self::BannedUntil,
        Self::DeletedAt,
        Self::AppMetadata,
        Self::Role,
        Self::UserId,
        Self::NotAfter,
    ];

    /// The word for it in the trigger and in messages.
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

    /// The part of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}
