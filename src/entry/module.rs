//! The entry point of the library, and the install script that it embeds for `cargo pgrx schema`.

use super::callbacks;
use crate::claims::leader;
use crate::pg::call::module_init;
use crate::pg::{backtrace, confined, crypto, denials, executor, guc, planner, shortage};
use crate::{access, invalidation, request, settings};
use pgrx::extension_sql_file;

pgrx::pg_module_magic!(name, version);

module_init!(|| {
    backtrace::never_capture();
    // Before any is defined: if this fails, nothing has changed, and the next attempt to load the
    // library fails in the same way.
    settings::check_given();
    request::check_given();
    shortage::prepare_panics();
    crypto::share_reserve();
    guc::together(|| {
        settings::define(invalidation::keys_changed);
        request::define(access::claims_changed);
        leader::define();
    });
    guc::reserve_prefix();
    invalidation::when_written(access::ask_again);
    callbacks::register();
    denials::explain_if(settings::explain_denials());
    executor::register(access::before_workers);
    confined::register();
    planner::watch();
    #[cfg(feature = "pg18")]
    super::oauth::register();
});

/// The install script: these files, in this order.
macro_rules! install_script {
    ($name:tt = $file:tt, $($rest:tt)*) => {
        extension_sql_file!($file, name = $name, bootstrap);
        install_script!(@after $name $($rest)*);
    };
    (@after $before:tt $name:tt = $file:tt, $($rest:tt)*) => {
        extension_sql_file!($file, name = $name, requires = [$before]);
        install_script!(@after $name $($rest)*);
    };
    (@after $last:tt) => {};
}

install_script! {
    "schemas" = "../../sql/install/schemas.sql",
    "adopt" = "../../sql/install/adopt.sql",
    "readers" = "../../sql/access/readers.sql",
    "revocation" = "../../sql/revocation/revocation.sql",
    "checks" = "../../sql/access/checks.sql",
    "entries" = "../../sql/revocation/entries.sql",
    "operators" = "../../sql/revocation/operators.sql",
    "prune" = "../../sql/revocation/prune.sql",
    "issuers" = "../../sql/keys/issuers.sql",
    "credentials" = "../../sql/keys/credentials.sql",
    "event_issuers" = "../../sql/keys/event_issuers.sql",
    "trust" = "../../sql/keys/trust.sql",
    "signing" = "../../sql/keys/signing.sql",
    "verify" = "../../sql/keys/verify.sql",
    "events" = "../../sql/session/events.sql",
    "sources" = "../../sql/attached/sources.sql",
    "sessions" = "../../sql/session/sessions.sql",
    "counters" = "../../sql/session/counters.sql",
    "claims" = "../../sql/session/claims.sql",
    "session_keys" = "../../sql/session/session_keys.sql",
    "sign_in" = "../../sql/session/sign_in.sql",
    "refresh" = "../../sql/session/refresh.sql",
    "step_up" = "../../sql/session/step_up.sql",
    "endings" = "../../sql/session/endings.sql",
    "receive_event" = "../../sql/revocation/receive_event.sql",
    "attach" = "../../sql/attached/attach.sql",
    "restore" = "../../sql/install/restore.sql",
    "guard" = "../../sql/policy/guard.sql",
    "release" = "../../sql/install/release.sql",
    "testkit" = "../../sql/policy/testkit.sql",
    "user_ids" = "../../sql/session/user_ids.sql",
    "lint" = "../../sql/policy/lint.sql",
    "grants" = "../../sql/install/grants.sql",
    "coverage" = "../../sql/policy/coverage.sql",
    "explain" = "../../sql/policy/explain.sql",
    "assertions" = "../../sql/policy/assertions.sql",
    "picture" = "../../sql/policy/picture.sql",
    "matrix" = "../../sql/policy/matrix.sql",
    "clauses" = "../../sql/policy/clauses.sql",
    "mutants" = "../../sql/policy/mutants.sql",
    "views" = "../../sql/monitor/views.sql",
    "statistics" = "../../sql/monitor/statistics.sql",
    "health" = "../../sql/monitor/health.sql",
    "explain_user" = "../../sql/monitor/explain_user.sql",
    "close" = "../../sql/install/close.sql",
}
