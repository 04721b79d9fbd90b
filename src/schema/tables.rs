//! The declarations of the extension's tables: for each table, the columns that are read or written
//! in Rust. A table may have other columns, and its columns may be in any order.

use pgrx::pg_sys::{
    self, Oid, TRIGGER_TYPE_DELETE as DELETE, TRIGGER_TYPE_INSERT as INSERT,
    TRIGGER_TYPE_ROW as ROW, TRIGGER_TYPE_TRUNCATE as TRUNCATE, TRIGGER_TYPE_UPDATE as UPDATE,
};
use std::ffi::CStr;

/// A table of the extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    Revocation,
    Session,
    Attached,
    Installation,
    Issuer,
    Key,
    ClaimsFunction,
    Event,
}

/// A column, by its place in the declaration of its table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column(pub(super) u8);

/// The declaration of a table.
pub struct Declaration {
    pub name: &'static CStr,
    pub columns: &'static [Declared],
    /// The columns that rows are looked for by: the first column alone, or all of them. Empty if
    /// all rows are read.
    pub key: &'static [Column],
    /// The triggers that report each change to every backend.
    pub triggers: &'static [Trigger],
}

/// The declaration of a column.
#[derive(Clone, Copy)]
pub struct Declared {
    pub name: &'static str,
    pub of: Oid,
    /// True if values are compared byte by byte: the collation is "C".
    pub in_c: bool,
    /// True if the column must not be NULL: NULL would have no meaning.
    pub not_null: bool,
    /// True if the schema of an older release has no such column: it is then read as NULL.
    pub is_new: bool,
}

/// A trigger after each row or statement that calls `authguard.invalidate()`.
#[derive(Clone, Copy)]
pub struct Trigger {
    pub name: &'static CStr,
    /// The bits TRIGGER_TYPE_*.
    pub when: u32,
    /// The channel, if it is not `authguard.channel`.
    pub argument: Option<&'static CStr>,
    /// The columns of an update trigger: it fires only if one of these has changed.
    pub columns: &'static [Column],
}

const fn of(of: Oid) -> Declared {
    Declared {
        name: "",
        of,
        in_c: false,
        not_null: false,
        is_new: false,
    }
}

impl Declared {
    const fn not_null(self) -> Self {
        Self {
            not_null: true,
            ..self
        }
    }

    const fn new_in_0_2(self) -> Self {
        Self {
            is_new: true,
            ..self
        }
    }
}

const TEXT: Declared = of(pg_sys::TEXTOID);
const TEXT_IN_C: Declared = Declared { in_c: true, ..TEXT };
const TEXTS: Declared = of(pg_sys::TEXTARRAYOID);
const BOOL: Declared = of(pg_sys::BOOLOID);
const INT4: Declared = of(pg_sys::INT4OID);
const INT8: Declared = of(pg_sys::INT8OID);
const OID: Declared = of(pg_sys::OIDOID);
const REGCLASS: Declared = of(pg_sys::REGCLASSOID);
const UUID: Declared = of(pg_sys::UUIDOID);
const TIME: Declared = of(pg_sys::TIMESTAMPTZOID);
const JSONB: Declared = of(pg_sys::JSONBOID);
const INET: Declared = of(pg_sys::INETOID);

impl Trigger {
    const fn new(name: &'static CStr, when: u32, argument: Option<&'static CStr>) -> Self {
        Self {
            name,
            when,
            argument,
            columns: &[],
        }
    }

    /// The triggers of a table whose every change is reported.
    pub const fn for_all(argument: Option<&'static CStr>) -> [Self; 2] {
        [
            Self::new(c"invalidate", ROW | INSERT | UPDATE | DELETE, argument),
            Self::new(c"invalidate_truncate", TRUNCATE, argument),
        ]
    }

    /// The triggers of `authguard.session`.
    pub const OF_SESSIONS: [Self; 4] = [
        Self::new(
            c"invalidate_arrival",
            ROW | INSERT,
            Some(c"arrival_channel"),
        ),
        Self::new(c"invalidate", ROW | DELETE, Some(c"channel")),
        Self {
            columns: &[
                session::ID,
                session::USER_ID,
                session::ISSUER,
                session::CREATED_AT,
                session::AUTHENTICATED_AT,
                session::NOT_AFTER,
                session::ENDED_AT,
            ],
            ..Self::new(c"invalidate_change", ROW | UPDATE, Some(c"channel"))
        },
        Self::new(c"invalidate_truncate", TRUNCATE, Some(c"channel")),
    ];
}

/// The columns of a table: a constant for each, and their declarations in that order.
macro_rules! columns {
    ($(#[$doc:meta])* $table:ident: $($column:ident = $name:literal $like:expr),+ $(,)?) => {
        $(#[$doc])*
        pub mod $table {
            use super::*;

            #[expect(clippy::upper_case_acronyms, reason = "named as the constants")]
            #[allow(non_camel_case_types)]
            enum Place { $($column),+ }

            $(pub const $column: Column = Column(Place::$column as u8);)+

            pub(super) const COLUMNS: &[Declared] = &[$(Declared { name: $name, ..$like }),+];
        }
    };
}

columns! {
    /// `authguard.revocation`.
    revocation:
    KIND = "kind" TEXT_IN_C,
    KEY = "key" TEXT_IN_C,
    ISSUER = "issuer" TEXT_IN_C,
    BLOCKED = "blocked" BOOL,
    BLOCKED_UNTIL = "blocked_until" TIME,
    ISSUED_BEFORE = "issued_before" TIME,
    INCLUDE_KEYS = "include_keys" BOOL,
    CLIENT_ID = "client_id" TEXT_IN_C.new_in_0_2(),
}

columns! {
    /// `authguard.session`.
    session:
    ID = "id" UUID,
    USER_ID = "user_id" TEXT_IN_C.not_null(),
    ISSUER = "issuer" TEXT_IN_C,
    CREATED_AT = "created_at" TIME,
    AUTHENTICATED_AT = "authenticated_at" TIME,
    REFRESHED_AT = "refreshed_at" TIME,
    ROTATED_AT = "rotated_at" TIME,
    COUNTER = "counter" INT8,
    REUSE_COUNT = "reuse_count" INT4,
    STEPPED_UP_FROM = "stepped_up_from" INT8,
    NOT_AFTER = "not_after" TIME,
    AAL = "aal" TEXT,
    AMR = "amr" JSONB,
    CLAIMS = "claims" JSONB,
    USER_AGENT = "user_agent" TEXT,
    IP = "ip" INET,
    TAG = "tag" TEXT,
    ENDED_AT = "ended_at" TIME,
    ENDED_REASON = "ended_reason" TEXT,
    TOKENS_UNTIL = "tokens_until" TIME,
}

columns! {
    /// `authguard.attached`.
    attached:
    RELATION = "relation" REGCLASS,
    KIND = "kind" TEXT_IN_C,
    ISSUER = "issuer" TEXT_IN_C,
    REFRESH_ON_CHANGE = "refresh_on_change" BOOL,
}

columns! {
    /// `authguard.installation`.
    installation:
    SYSTEM_IDENTIFIER = "system_identifier" INT8,
    DATABASE = "database" OID,
}

columns! {
    /// `authguard.issuer`.
    issuer:
    ISSUER = "issuer" TEXT_IN_C,
    AUDIENCE = "audience" TEXTS,
    TYPES = "types" TEXTS,
    ROLES = "roles" TEXTS,
    SUBJECT_NAMESPACE = "subject_namespace" UUID,
    SHARES_SUBJECTS = "shares_subjects" BOOL,
    MAX_LIFETIME = "max_lifetime" INT4,
    CLOCK_SKEW = "clock_skew" INT4,
    CLIENT_IDS = "client_ids" TEXTS,
    CLAIMS = "claims" JSONB.new_in_0_2(),
    PRESET = "preset" TEXT.new_in_0_2(),
}

columns! {
    /// `authguard.key`.
    key:
    ISSUER = "issuer" TEXT_IN_C,
    KID = "kid" TEXT_IN_C,
    ALGORITHM = "algorithm" TEXT,
    JWK = "jwk" TEXT,
    CREDENTIAL = "credential" UUID,
    STATUS = "status" TEXT.not_null(),
    MADE_HERE = "made_here" BOOL,
}

columns! {
    /// `authguard.event`.
    event:
    ID = "id" INT8,
    NAME = "name" TEXT,
    USER_ID = "user_id" TEXT_IN_C,
    SESSION_ID = "session_id" UUID,
    ACTOR = "actor" TEXT,
    BY = "by" of(pg_sys::NAMEOID),
    REASON = "reason" TEXT,
    HAPPENED_AT = "happened_at" TIME,
    XID = "xid" INT8,
}

impl Table {
    /// All tables.
    pub const ALL: [Table; 8] = [
        Self::Revocation,
        Self::Session,
        Self::Attached,
        Self::Installation,
        Self::Issuer,
        Self::Key,
        Self::ClaimsFunction,
        Self::Event,
    ];

    /// The declaration of the table.
    pub fn declaration(self) -> &'static Declaration {
        match self {
            Self::Revocation => {
                const {
                    &Declaration {
                        name: c"revocation",
                        columns: revocation::COLUMNS,
                        key: &[revocation::KIND, revocation::KEY],
                        triggers: &Trigger::for_all(None),
                    }
                }
            }
            Self::Session => {
                const {
                    &Declaration {
                        name: c"session",
                        columns: session::COLUMNS,
                        key: &[session::ID],
                        triggers: &Trigger::OF_SESSIONS,
                    }
                }
            }
            Self::Attached => {
                const {
                    &Declaration {
                        name: c"attached",
                        columns: attached::COLUMNS,
                        key: &[],
                        triggers: &Trigger::for_all(None),
                    }
                }
            }
            Self::Installation => {
                const {
                    &Declaration {
                        name: c"installation",
                        columns: installation::COLUMNS,
                        key: &[],
                        // The table is its own channel: its rows are read again whenever it is
                        // looked at.
                        triggers: &Trigger::for_all(Some(c"installation")),
                    }
                }
            }
            Self::Issuer => {
                const {
                    &Declaration {
                        name: c"issuer",
                        columns: issuer::COLUMNS,
                        key: &[issuer::ISSUER],
                        triggers: &Trigger::for_all(Some(c"key_channel")),
                    }
                }
            }
            Self::Key => {
                const {
                    &Declaration {
                        name: c"key",
                        columns: key::COLUMNS,
                        key: &[key::ISSUER, key::KID],
                        triggers: &Trigger::for_all(Some(c"key_channel")),
                    }
                }
            }
            Self::ClaimsFunction => {
                const {
                    &Declaration {
                        name: c"claims_function",
                        columns: &[],
                        key: &[],
                        triggers: &Trigger::for_all(Some(c"key_channel")),
                    }
                }
            }
            Self::Event => {
                const {
                    &Declaration {
                        name: c"event",
                        columns: event::COLUMNS,
                        key: &[],
                        triggers: &[],
                    }
                }
            }
        }
    }

    /// The table's name with its schema.
    pub fn qualified(self) -> String {
        format!("authguard.{}", self.declaration().name.to_string_lossy())
    }
}
