//! The problems that an attached table can have, in words.

use super::Part;
use crate::error::Report;
use crate::pg::catalog;
use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::Oid;

/// The reason for which a table cannot be read.
#[derive(Clone, Debug)]
pub enum TableProblem {
    /// The table does not exist any more.
    Gone,
    /// The relation is neither a plain table nor a partitioned one, but a view, a foreign table or
    /// something similar.
    NoTable { kind: u8 },
    /// The table is temporary or not logged: it is not there on a standby or after a crash.
    NotPermanent,
    /// The table's access method is not heap.
    OtherStorage,
    /// The trigger that declares which column is which is missing, or does not declare it.
    NoTrigger,
    /// The column of a part does not exist any more.
    NoColumn(Part),
    /// The column of a part has a type that cannot be read.
    WrongType(Part),
    /// The column of a part is computed when it is read.
    Virtual(Part),
    /// Keys may be NULL.
    NullableKey,
    /// The table has no index that finds one row by the key alone.
    NoIndex { partitioned: bool },
    /// The table is partitioned by something other than the key, or not in its type's own order or
    /// hash.
    OtherPartitions,
    /// One of the table's partitions, at any level, has a problem.
    Partition(Oid, Box<TableProblem>),
    /// A trigger is missing, or does not always fire: the table is read at every statement.
    TriggersDisabled,
}

impl TableProblem {
    /// The error of this problem. Its message is to be read after the table's name.
    pub fn report(&self) -> Report {
        use PgSqlErrorCode as Code;
        match self {
            Self::Gone => Report::new(Code::ERRCODE_UNDEFINED_TABLE, "does not exist any more")
                .hint(
                    "If another table has taken its place, attach that one first. Then detach this one by its number.",
                ),
            Self::NoTable { kind } => Report::new(
                Code::ERRCODE_WRONG_OBJECT_TYPE,
                match kind {
                    b'v' => "is a view",
                    b'm' => "is a materialized view",
                    b'f' => "is a foreign table",
                    _ => "is no table",
                },
            )
            .hint("Attach the table that the rows are stored in."),
            Self::NotPermanent => {
                Report::new(Code::ERRCODE_WRONG_OBJECT_TYPE, "is temporary or unlogged").hint(
                    "Standbys and a server after a crash must have its rows, too: attach a logged table.",
                )
            }
            Self::OtherStorage => {
                Report::new(Code::ERRCODE_WRONG_OBJECT_TYPE, "is not stored as heap")
                    .hint("Attach a table of access method heap.")
            }
            Self::NoTrigger => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "has lost trigger authguard_attached",
            )
            .hint(ATTACH_AGAIN),
            Self::NoColumn(part) => Report::new(
                Code::ERRCODE_UNDEFINED_COLUMN,
                format!("has lost its column for {}", part.as_str()),
            )
            .hint(ATTACH_AGAIN),
            Self::WrongType(part) => Report::new(
                Code::ERRCODE_DATATYPE_MISMATCH,
                format!(
                    "has a column for {} of a type that cannot be read",
                    part.as_str()
                ),
            )
            .hint(types_of(*part)),
            Self::Virtual(part) => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("has a virtual column for {}", part.as_str()),
            )
            .hint("Use a column that is stored."),
            Self::NullableKey => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "has a key that may be NULL",
            )
            .hint("Alter the column and set it not null; a primary key is."),
            Self::NoIndex { partitioned } => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "has no unique index on its key alone",
            )
            .hint(match partitioned {
                true => PARTITION_BY_KEY,
                false => {
                    "Create a unique index on that column alone: not partial, not deferrable, valid, of its type's default operator class and a deterministic collation."
                }
            }),
            Self::OtherPartitions => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "is not partitioned by its key alone, in its type's own order or hash",
            )
            .hint(PARTITION_BY_KEY),
            Self::Partition(partition, problem) => {
                let name = catalog::relation_name(*partition);
                let name = name.unwrap_or_else(|| partition.to_u32().to_string());
                let report = problem.report();
                Report {
                    message: format!("has partition {name}, which {}", report.message).into(),
                    ..report
                }
            }
            // This is a warning: the table is read nevertheless.
            Self::TriggersDisabled => Report::new(
                Code::ERRCODE_WARNING,
                "has triggers of authguard that do not fire, and is read at every statement",
            )
            .hint(ATTACH_AGAIN),
        }
    }
}

const ATTACH_AGAIN: &str = "Attach it again, with all its columns.";

const PARTITION_BY_KEY: &str = "Partition it by that column at every level, and create a unique index on that column alone, valid and not deferrable, both of its type's default operator class; or attach a plain table of the keys that triggers keep up to date.";

/// The types that the column of a part may have.
fn types_of(part: Part) -> &'static str {
    match part {
        Part::Id => {
            "The key of users is uuid, text, varchar or bigint; that of sessions uuid, text or varchar."
        }
        Part::UserId => "It must be uuid, text, varchar or bigint.",
        Part::DeletedAt => "It must be timestamptz or timestamp (deleted unless NULL), or boolean.",
        Part::AppMetadata => "It must be jsonb.",
        Part::Role => "It must be text, varchar or an enum.",
        Part::BannedUntil | Part::NotAfter => {
            "It must be timestamptz: a timestamp without time zone is no instant."
        }
    }
}
