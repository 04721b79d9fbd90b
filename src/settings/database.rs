//! What the database is: one that takes over a schema, a copy of another, a standby.

use super::server;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use std::ffi::CString;

/// Whether CREATE EXTENSION may take over a schema `auth` that exists; sql/schemas.sql asks.
static ADOPT: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whose, beside a superuser's; sql/adopt.sql asks.
static ADOPT_OWNERS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));

/// What a restored or cloned database does until that is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
#[expect(non_camel_case_types, reason = "the names are what users write")]
pub enum AfterRestore {
    warn,
    deny,
}

/// `warn` by default: whoever restores in an emergency needs a database that works.
static AFTER_RESTORE: GucSetting<AfterRestore> =
    GucSetting::<AfterRestore>::new(AfterRestore::warn);

/// How far a standby may be behind before it believes no token; 0: as far as it is.
static MAX_REPLAY_LAG: GucSetting<i32> = GucSetting::<i32>::new(0);

/// Defines them.
pub fn define() {
    GucRegistry::define_enum_guc(
        c"authguard.after_restore",
        c"What a restored or cloned database does until authguard.acknowledge_restore(): warn, or deny every token.",
        c"",
        &AFTER_RESTORE,
        GucContext::Sighup,
        GucFlags::default(),
    );
    server::int(
        c"authguard.max_replay_lag",
        c"How far a standby may be behind before every token counts as revoked there; 0: no limit.",
        &MAX_REPLAY_LAG,
        0..=i32::MAX,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_bool_guc(
        c"authguard.adopt",
        c"CREATE EXTENSION may take over a schema auth that exists.",
        c"",
        &ADOPT,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"authguard.adopt_owners",
        c"A list of the roles whose schema auth may be taken over; a superuser's always may.",
        c"",
        &ADOPT_OWNERS,
        GucContext::Suset,
        GucFlags::default(),
    );
}

/// `authguard.after_restore`.
pub fn after_restore() -> AfterRestore {
    AFTER_RESTORE.get()
}

/// `authguard.max_replay_lag`, in seconds; 0 for no limit.
pub fn max_replay_lag() -> i64 {
    i64::from(MAX_REPLAY_LAG.get())
}
