//! Values that settings were given before the library was loaded (src/backend/utils/misc/guc.c).
//!
//! Until a setting is defined, guc.c keeps one text under its name, a placeholder, which anybody
//! may set. A value of the connection, the role or the database takes the place of the value in
//! the server's file. When the setting is defined (`define_custom_variable`), guc.c takes the text
//! over if it could be set now. Otherwise it warns, and the setting gets its default: the value in
//! the file is lost. So the texts are looked at before any setting is defined.

use super::guc_records;
use pgrx::pg_sys::{self, GucContext, GucSource};
use std::ffi::CStr;

/// The texts of a placeholder.
#[derive(Clone, Copy)]
pub struct Placeholder(*mut pg_sys::config_string);

/// Someone other than the server who gave the value that a session begins with.
#[derive(Clone, Copy)]
pub enum Giver {
    /// `alter role all set`.
    AllRoles,
    /// `alter database … set`.
    Database,
    /// `alter role … set`.
    Role,
    /// `alter role … in database … set`.
    RoleInDatabase,
    /// The startup packet: the options of the connection.
    Connection,
}

impl Giver {
    /// The beginning of a sentence about the value.
    pub fn gave(self) -> &'static str {
        match self {
            Self::AllRoles => "It is set for all roles",
            Self::Database => "It is set for the database",
            Self::Role => "It is set for the role",
            Self::RoleInDatabase => "It is set for the role in this database",
            Self::Connection => "The options of the connection set it",
        }
    }

    /// The way to take the value of a setting back, as a sentence.
    pub fn undo(self, name: &str) -> String {
        let of = match self {
            Self::AllRoles => "role all",
            Self::Database => "database …",
            Self::Role => "role …",
            Self::RoleInDatabase => "role … in database …",
            Self::Connection => {
                return "Connect without it (PGOPTIONS, options=).".to_owned();
            }
        };
        format!(
            "A superuser takes it back with \"alter {of} reset {name}\", in a session that has not \
             loaded authguard (PGOPTIONS=\"-c session_preload_libraries=\")."
        )
    }
}

impl Placeholder {
    /// The placeholder of a setting that is not defined.
    pub fn of(name: &CStr) -> Option<Self> {
        let record = guc_records::find(name)?;
        // SAFETY: guc.c keeps its records as long as the backend lives.
        let flags = unsafe { (*record).flags };
        // A placeholder is a config_string (add_placeholder_variable), whose first field is the
        // generic part.
        let is_placeholder = flags & pg_sys::GUC_CUSTOM_PLACEHOLDER.cast_signed() != 0;
        is_placeholder.then_some(Self(record.cast()))
    }

    /// The value that the session began with.
    pub fn initial(&self) -> Option<&CStr> {
        // SAFETY: guc.c keeps the text until the placeholder is set again, which nothing does
        // before this is dropped.
        let value = unsafe { (*self.0).reset_val };
        // SAFETY: a C string, if it is not NULL.
        (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) })
    }

    /// Returns true if there is any value to take over.
    pub fn has_value(&self) -> bool {
        // SAFETY: as in initial(); `variable` points to the current text, or NULL.
        unsafe { !(*self.0).reset_val.is_null() || !(*(*self.0).variable).is_null() }
    }

    /// The giver of the initial value; `None` if the server itself gave it: its file, its command
    /// line, or nobody.
    pub fn giver(&self) -> Option<Giver> {
        // SAFETY: as in initial().
        match unsafe { (*self.0).gen_.reset_source } {
            GucSource::PGC_S_DEFAULT
            | GucSource::PGC_S_DYNAMIC_DEFAULT
            | GucSource::PGC_S_ENV_VAR
            | GucSource::PGC_S_FILE
            | GucSource::PGC_S_ARGV => None,
            GucSource::PGC_S_GLOBAL => Some(Giver::AllRoles),
            GucSource::PGC_S_DATABASE => Some(Giver::Database),
            GucSource::PGC_S_USER => Some(Giver::Role),
            GucSource::PGC_S_DATABASE_USER => Some(Giver::RoleInDatabase),
            _ => Some(Giver::Connection),
        }
    }

    /// Returns true if the server's file has a value, whoever has hidden it since.
    pub fn is_in_file(&self) -> bool {
        // SAFETY: as in initial(). Only the file sets this field, and no other value clears it
        // (set_config_sourcefile).
        unsafe { !(*self.0).gen_.sourcefile.is_null() }
    }

    /// Returns true if a superuser gave the initial value.
    pub fn is_of_superuser(&self) -> bool {
        // SAFETY: as in initial().
        let context = unsafe { (*self.0).gen_.reset_scontext };
        // The values of roles and databases have the context PGC_SUSET (process_settings in
        // utils/init/postinit.c): who may give them was checked before.
        !matches!(context, GucContext::PGC_BACKEND | GucContext::PGC_USERSET)
    }
}
