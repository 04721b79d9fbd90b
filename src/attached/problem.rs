//! What can be wrong with an attached table, in words.

use super::Part;
use crate::pg::catalog;
use pgrx::pg_sys::Oid;

/// Why a table cannot be read.
#[derive(Clone, Debug)]
pub enum TableProblem {
    /// There is no such table any more.
    Gone,
    /// A view, a foreign table or something else that is no plain table, and no partitioned one.
    NoTable { kind: u8 },
    /// Temporary, or not logged, and so not there on a standby or after a crash.
    NotPermanent,
    /// Of another access method than heap.
    OtherStorage,
    /// The trigger that says which column is which is not there, or does not say so.
    NoTrigger,
    /// The column of a part is not there any more.
    NoColumn(Part),
    /// It has no type that can be read.
    WrongType(Part),
    /// It is computed when it is read.
    Virtual(Part),
    /// Keys may be NULL.
    NullableKey,
    /// No index that finds one row by the key alone.
    NoIndex { partitioned: bool },
    /// Partitioned by something else than the key, or not in its type's own order or hash.
    OtherPartitions,
    /// What is wrong with one of its partitions, at any level.
    Partition(Oid, Box<TableProblem>),
    /// A trigger is gone or does not fire always: it is read at every statement.
    Silent,
}

impl TableProblem {
    /// The SQLSTATE of the error that it makes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gone => "42P01",
            Self::NoTable { .. } | Self::NotPermanent | Self::OtherStorage => "42809",
            Self::NoColumn(_) => "42703",
            Self::WrongType(_) => "42804",
            Self::NoTrigger | Self::Virtual(_) | Self::NullableKey => "55000",
            Self::NoIndex { .. } | Self::OtherPartitions => "55000",
            Self::Partition(_, problem) => problem.code(),
            // A warning: it is read all the same.
            Self::Silent => "01000",
        }
    }

    /// What is wrong: to be read after the table's name.
    pub fn message(&self) -> String {
        match self {
            Self::Gone => "does not exist any more".to_owned(),
            Self::NoTable { kind } => match kind {
                b'v' => "is a view",
                b'm' => "is a materialized view",
                b'f' => "is a foreign table",
                _ => "is no table",
            }
            .to_owned(),
            Self::NotPermanent => "is temporary or unlogged".to_owned(),
            Self::OtherStorage => "is not stored as heap".to_owned(),
            Self::NoTrigger => "has lost trigger authguard_attached".to_owned(),
            Self::NoColumn(part) => format!("has lost its column for {}", part.as_str()),
            Self::WrongType(part) => {
                format!(
                    "has a column for {} of a type that cannot be read",
                    part.as_str()
                )
            }
            Self::Virtual(part) => format!("has a virtual column for {}", part.as_str()),
            Self::NullableKey => "has a key that may be NULL".to_owned(),
            Self::NoIndex { .. } => "has no unique index on its key alone".to_owned(),
            Self::OtherPartitions => {
                "is not partitioned by its key alone, in its type's own order or hash".to_owned()
            }
            Self::Partition(partition, problem) => {
                let name = catalog::relation_name(*partition);
                let name = name.unwrap_or_else(|| partition.to_u32().to_string());
                format!("has partition {name}, which {}", problem.message())
            }
            Self::Silent => {
                "has triggers of authguard that do not fire, and is read at every statement"
                    .to_owned()
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Gone => {
                "Detach it by its number, or attach the table that took its place as well and then detach this one."
            }
            Self::NoTable { .. } => "Attach the table that the rows are stored in.",
            Self::NotPermanent => {
                "Standbys and a server after a crash must have its rows, too: attach a logged table."
            }
            Self::OtherStorage => "Attach a table of access method heap.",
            Self::NoTrigger | Self::NoColumn(_) | Self::Silent => "Attach it again, or detach it.",
            Self::WrongType(Part::Id) => {
                "The key of users is uuid, text, varchar or bigint; that of sessions uuid, text or varchar."
            }
            Self::WrongType(Part::UserId) => "It must be uuid, text, varchar or bigint.",
            Self::WrongType(Part::DeletedAt) => {
                "It must be timestamptz or timestamp (deleted unless NULL), or boolean."
            }
            Self::WrongType(Part::AppMetadata) => "It must be jsonb.",
            Self::WrongType(Part::Role) => "It must be text, varchar or an enum.",
            Self::WrongType(Part::BannedUntil | Part::NotAfter) => {
                "It must be timestamptz: a timestamp without time zone is no instant."
            }
            Self::Virtual(_) => "Use a column that is stored.",
            Self::NullableKey => "Alter the column and set it not null; a primary key is.",
            Self::Partition(_, problem) => problem.hint(),
            Self::NoIndex { partitioned: true } | Self::OtherPartitions => {
                "Partition it by that column at every level, and create a unique index on that column alone, valid and not deferrable, both of its type's default operator class; or attach a plain table of the keys that triggers keep up to date."
            }
            Self::NoIndex { partitioned: false } => {
                "Create a unique index on that column alone: not partial, not deferrable, valid, of its type's default operator class and a deterministic collation."
            }
        }
    }
}
