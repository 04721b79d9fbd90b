//! The entry point of the library, and what it embeds for `cargo pgrx schema`.

use pgrx::{extension_sql_file, pg_guard};

pgrx::pg_module_magic!(name, version);

/// Called by Postgres when the library is loaded: by a preload setting, or by the first call of one
/// of its functions.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    never_capture_backtraces();
    crate::settings::define();
    super::transaction::register();
}

/// With RUST_BACKTRACE in the server's environment pgrx would put a backtrace into the DETAIL that a
/// client sees. std decides once, at the first capture: make it now, with captures switched off.
fn never_capture_backtraces() {
    const SWITCH: &str = "RUST_LIB_BACKTRACE";
    let before = std::env::var_os(SWITCH);
    // SAFETY: a backend has one thread, so nobody reads the environment meanwhile; it is put back.
    unsafe {
        std::env::set_var(SWITCH, "0");
        let _ = std::backtrace::Backtrace::capture();
        match before {
            Some(value) => std::env::set_var(SWITCH, value),
            None => std::env::remove_var(SWITCH),
        }
    }
}

extension_sql_file!("../../sql/schemas.sql", name = "schemas", bootstrap);
extension_sql_file!(
    "../../sql/adopt.sql",
    name = "adopt",
    requires = ["schemas"]
);
extension_sql_file!(
    "../../sql/readers.sql",
    name = "readers",
    requires = ["adopt"]
);
extension_sql_file!(
    "../../sql/revocation.sql",
    name = "revocation",
    requires = ["readers"]
);
extension_sql_file!(
    "../../sql/checks.sql",
    name = "checks",
    requires = ["revocation"]
);
extension_sql_file!(
    "../../sql/operators.sql",
    name = "operators",
    requires = ["checks"]
);
extension_sql_file!(
    "../../sql/issuers.sql",
    name = "issuers",
    requires = ["operators"]
);
extension_sql_file!(
    "../../sql/events.sql",
    name = "events",
    requires = ["issuers"]
);
extension_sql_file!(
    "../../sql/attached.sql",
    name = "attached",
    requires = ["events"]
);
extension_sql_file!(
    "../../sql/sessions.sql",
    name = "sessions",
    requires = ["attached"]
);
extension_sql_file!(
    "../../sql/claims.sql",
    name = "claims",
    requires = ["sessions"]
);
extension_sql_file!(
    "../../sql/session_keys.sql",
    name = "session_keys",
    requires = ["claims"]
);
extension_sql_file!(
    "../../sql/signin.sql",
    name = "signin",
    requires = ["session_keys"]
);
extension_sql_file!(
    "../../sql/refresh.sql",
    name = "refresh",
    requires = ["signin"]
);
extension_sql_file!(
    "../../sql/stepup.sql",
    name = "stepup",
    requires = ["refresh"]
);
extension_sql_file!(
    "../../sql/endings.sql",
    name = "endings",
    requires = ["stepup"]
);
extension_sql_file!(
    "../../sql/attach.sql",
    name = "attach",
    requires = ["endings"]
);
extension_sql_file!(
    "../../sql/restore.sql",
    name = "restore",
    requires = ["attach"]
);
extension_sql_file!(
    "../../sql/guard.sql",
    name = "guard",
    requires = ["restore"]
);
extension_sql_file!(
    "../../sql/coverage.sql",
    name = "coverage",
    requires = ["guard"]
);
extension_sql_file!(
    "../../sql/release.sql",
    name = "release",
    requires = ["coverage"]
);
extension_sql_file!(
    "../../sql/testkit.sql",
    name = "testkit",
    requires = ["release"]
);
extension_sql_file!(
    "../../sql/grants.sql",
    name = "grants",
    requires = ["testkit"]
);
