//! RUST_BACKTRACE in the server's environment does not reveal to any client how the library is
//! built.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::error::{DbError, SqlState};

#[test]
fn no_error_shows_a_client_a_backtrace() {
    let config = Config::default()
        .env("RUST_BACKTRACE", "1")
        .env("RUST_LIB_BACKTRACE", "1");
    let cluster = server(config);
    let mut client = admin(&cluster);
    let mut sees = |sql: &str, code: SqlState| {
        let error = client.batch_execute(sql).expect_err(sql);
        let error = error.as_db_error().unwrap();
        assert_eq!(*error.code(), code, "{sql}: {error}");
        let told = told(error);
        for trace in ["backtrace", ".rs", "::", "core::", "   0:"] {
            assert!(!told.contains(trace), "{sql}:\n{told}");
        }
    };
    // Errors of the library.
    sees(
        "select auth.require_active()",
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    );
    // An error of the library's hooks.
    sees(
        "alter role ops set request.jwt.claims = '{}'",
        SqlState::INVALID_PARAMETER_VALUE,
    );
    sees(
        "alter system set authguard.gateway_roles = 'a,,b'",
        SqlState::INVALID_PARAMETER_VALUE,
    );
    sees(
        "alter system set authguard.leeway = 301",
        SqlState::INVALID_PARAMETER_VALUE,
    );
    // An error of the operators' functions.
    sees(
        "select authguard.revoke_session('s1'::uuid)",
        SqlState::INVALID_TEXT_REPRESENTATION,
    );
    sees(
        "select authguard.revoke_token(repeat('x', 1025))",
        SqlState::INVALID_PARAMETER_VALUE,
    );
    sees(
        "select authguard.revoke_user(null)",
        SqlState::NULL_VALUE_NOT_ALLOWED,
    );
    sees(
        "insert into authguard.revocation (kind, key) values ('user', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')",
        SqlState::CHECK_VIOLATION,
    );
    sees(
        "update pg_extension set extversion = '9.9.9' where extname = 'authguard';
         select set_config('request.jwt.claims', '{\"sub\":\"ada\"}', false), auth.is_revoked()",
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
    );
    // One that Postgres raises beneath the library.
    sees(
        "begin read only; select authguard.sign_in('ada')",
        SqlState::READ_ONLY_SQL_TRANSACTION,
    );
}

/// All fields of an error that a client may show to its user.
fn told(error: &DbError) -> String {
    let parts = [
        Some(error.message()),
        error.detail(),
        error.hint(),
        error.where_(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}
