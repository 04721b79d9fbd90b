//! Every error that the library raises itself, as a table.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// What can go wrong, each with its SQLSTATE, message, detail and hint.
#[derive(Debug)]
pub enum Error {
    /// `auth.require_active()` found no active token.
    NotActive,
    /// The tables of the extension are not where they belong.
    NoSchema,
    /// The schema was installed or updated by a newer release than this library.
    NewerSchema {
        schema: String,
        library: &'static str,
    },
    /// A token is refused, for whatever cause.
    BadToken,
    /// `auth.set_token` would set for a transaction that ends with the statement.
    NoTransactionBlock,
    /// The claims of the transaction stand until it ends.
    Sealed,
    /// A key or a secret is refused: why.
    BadKey(String),
    /// The file with our own private key cannot be used: why.
    KeyFile(String),
    /// Our own issuer has no key to sign with.
    NoSigningKey,
    /// The claims make a token that this database would refuse: why.
    BadClaims(String),
    /// An argument must be given: which.
    Missing(String),
    /// An argument is none that the function takes: what is wrong, and what to do.
    Argument(String, Option<&'static str>),
    /// What writes was called on a standby.
    Standby,
    /// A transaction that has handed tokens out shall be prepared.
    Prepared,
    /// A transaction that has cut off the claims of a user of an attached table shall be prepared.
    PreparedChange,
    /// The claims function is another role's by now.
    ClaimsFunctionOwner,
    /// A session takes no proof of who its user is: why.
    NotLive(&'static str),
    /// Another transaction has a session's row for too long.
    LockTimeout,
    /// As `LockTimeout`, for a client that would end the session.
    SessionHeld,
    /// A row has changed since the snapshot of the transaction.
    ConcurrentUpdate,
    /// A sign-in cannot see the sessions that it replaces.
    SingleSessionSnapshot,
    /// A client that would end sessions has no token of the local issuer.
    NoLocalToken,
    /// A client that would end the token's session has a token without one.
    NoSession,
    /// A trigger function was called in another way.
    NotATrigger,
    /// A table of ours is none that rows can be written to: which.
    OtherForm(String),
    /// Somebody's trigger has kept a row of ours from being written: of which table.
    NotWritten(String),
}

impl Error {
    /// Raises the error.
    pub fn raise(&self) -> ! {
        let mut report = ErrorReport::new(self.code(), self.message().to_owned(), "authguard");
        if let Some(detail) = self.detail() {
            report = report.set_detail(detail);
        }
        if let Some(hint) = self.hint() {
            report = report.set_hint(hint);
        }
        report.report(PgLogLevel::ERROR);
        unreachable!("an ERROR does not return")
    }

    fn code(&self) -> PgSqlErrorCode {
        match self {
            Self::NotActive
            | Self::BadToken
            | Self::NotLive(_)
            | Self::NoLocalToken
            | Self::NoSession => PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            Self::LockTimeout | Self::SessionHeld => PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
            Self::ConcurrentUpdate => PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            Self::SingleSessionSnapshot => PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
            Self::NoTransactionBlock => PgSqlErrorCode::ERRCODE_NO_ACTIVE_SQL_TRANSACTION,
            Self::Prepared | Self::PreparedChange => PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            Self::Sealed | Self::ClaimsFunctionOwner => {
                PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE
            }
            Self::KeyFile(_) => PgSqlErrorCode::ERRCODE_CONFIG_FILE_ERROR,
            Self::BadKey(_) | Self::BadClaims(_) | Self::Argument(..) => {
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
            }
            Self::Missing(_) => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::Standby => PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
            Self::NoSchema
            | Self::NewerSchema { .. }
            | Self::NoSigningKey
            | Self::OtherForm(_)
            | Self::NotWritten(_) => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            Self::NotATrigger => PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::BadToken => "the token is not accepted",
            Self::NoTransactionBlock => "a local token would be gone after this statement",
            Self::Sealed => "the claims of this transaction are sealed",
            Self::BadKey(problem) | Self::Missing(problem) | Self::Argument(problem, _) => problem,
            Self::NotLive(problem) => problem,
            Self::LockTimeout => "canceling statement due to lock timeout",
            Self::SessionHeld => "another transaction has the session",
            Self::ConcurrentUpdate => "could not serialize access due to concurrent update",
            Self::SingleSessionSnapshot => {
                "authguard.single_session_per_user needs isolation level read committed"
            }
            Self::NoLocalToken => "no token of a session of this database",
            Self::NoSession => "the token has no session",
            Self::Standby => "cannot write on a standby",
            Self::KeyFile(_) => "cannot use the key in authguard.signing_key_file",
            Self::NoSigningKey => "our own issuer has no key to sign with",
            Self::BadClaims(_) => "the claims make a token that this database refuses",
            Self::NotActive => "no active token",
            Self::NoSchema => "the tables of extension authguard are missing",
            Self::NewerSchema { .. } => "the schema of authguard is newer than its library",
            Self::Prepared => "cannot prepare a transaction that has refreshed or issued tokens",
            Self::PreparedChange => {
                "cannot prepare a transaction that makes earlier tokens of a user stale"
            }
            Self::ClaimsFunctionOwner => "the claims function has another owner by now",
            Self::NotATrigger => "function was not called by a trigger",
            Self::OtherForm(_) => "a table of authguard has another form than its library writes",
            Self::NotWritten(_) => "a trigger has kept a row of authguard from being written",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::KeyFile(problem) | Self::BadClaims(problem) => Some(format!("{problem}.")),
            Self::SessionHeld => Some("Nothing has ended.".to_owned()),
            Self::OtherForm(table) | Self::NotWritten(table) => Some(format!("Table \"{table}\".")),
            Self::NewerSchema { schema, library } => Some(format!(
                "Schema version {schema}, library version {library}."
            )),
            _ => None,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotActive => Some(
                "Sign in again; \"select * from auth.whoami()\" tells what became of the token.",
            ),
            Self::OtherForm(_) => {
                Some("It must have the columns that create extension made, of their types.")
            }
            Self::NotWritten(_) => Some(
                "Nobody gets tokens whose session is not written. A trigger before the row must return it.",
            ),
            Self::NoSchema => Some(
                "Access stays closed. Schema authguard must hold the tables that create extension made.",
            ),
            Self::NewerSchema { .. } => Some(
                "Install the library of that version, then reconnect (restart where it is preloaded).",
            ),
            Self::BadToken => {
                Some("Sign in again. Why it is not accepted is in the server's log only.")
            }
            Self::NoTransactionBlock => {
                Some("Call auth.set_token between begin and commit, or with is_local => false.")
            }
            Self::Sealed => {
                Some("Set them once, first in a transaction; the next one may have others.")
            }
            Self::KeyFile(_) => Some(
                "The file holds one PKCS#8 private key in PEM; after a change give it another name and reload.",
            ),
            Self::Prepared => Some(
                "The client has its answer already: call sign_in, step_up and refresh in a transaction of their own, and commit it.",
            ),
            Self::PreparedChange => Some(
                "Every refresh would wait for it: commit it, or attach the table without refresh_on_change.",
            ),
            Self::NoSigningKey => Some("Call authguard.rotate_signing_key()."),
            Self::ClaimsFunctionOwner => {
                Some("No token is issued by the function of another; a new transaction tells more.")
            }
            Self::BadClaims(_) => Some(
                "Mend what authguard.sign_in is given, or the claims function makes; authguard.issuer has the roles.",
            ),
            Self::Standby => Some("Connect to the primary; standbys follow it."),
            Self::Argument(_, hint) => *hint,
            Self::NotLive(_) => {
                Some("Sign the user in again: authguard.sign_in begins another session.")
            }
            Self::SessionHeld => Some(
                "Try again; authguard.sign_out_user, which operators call, waits for no other transaction.",
            ),
            Self::SingleSessionSnapshot => Some(
                "An older snapshot does not see the session to be replaced: sign in in a transaction of its own.",
            ),
            Self::NoLocalToken => Some(
                "Sessions of other issuers end there; authguard.revoke_session and revoke_user shut them out here.",
            ),
            Self::NoSession => Some("Sign out with scope global."),
            Self::BadKey(_)
            | Self::Missing(_)
            | Self::NotATrigger
            | Self::LockTimeout
            | Self::ConcurrentUpdate => None,
        }
    }
}
