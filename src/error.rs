//! Every error that the library raises itself, as a table.

use authguard_token::DeliveryError;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use std::borrow::Cow;

/// The errors. [`Error::report`] has their messages.
#[derive(Debug)]
pub enum Error {
    /// There is no active token. The field says what to do.
    NotActive(Cow<'static, str>),
    /// The tables of the extension are not where they belong.
    NoSchema,
    /// The schema was installed or updated by a newer release than this library.
    NewerSchema {
        schema: String,
        library: &'static str,
    },
    /// The schema was made by an older release than this library, and lacks something that it
    /// needs. The sentence says what.
    OlderSchema {
        schema: String,
        library: &'static str,
        lacks: String,
    },
    /// A token is refused, for whatever cause.
    BadToken,
    /// A token is refused for nothing but its end.
    ExpiredToken,
    /// A token with events is refused.
    EventRefused(DeliveryError),
    /// The claims that are set are refused. The field is what to do about it.
    ClaimsRefused(String),
    /// A text is not valid in the encoding of the database, or none in UTF-8.
    NotText,
    /// The encoding of the database cannot hold a text.
    Untranslatable,
    /// `auth.set_token` would set a token for a transaction that ends with the statement.
    NoTransactionBlock,
    /// `authguard.act_as` or `act_reset` outside a transaction block.
    ActNoTransactionBlock,
    /// `authguard.policy_coverage_start` outside a transaction block.
    CoverageNoTransactionBlock,
    /// `auth.set_token` on a connection that has logged in by token.
    LoggedIn,
    /// The token that the connection has logged in with is not active any more. The field is the
    /// reason.
    #[cfg(feature = "pg18")]
    LoginEnded(&'static str),
    /// The claims of the transaction stand until it ends.
    Sealed,
    /// A setting that holds claims has a value that would outlive the request. The fields are the
    /// setting, and the way to set it.
    SessionOnly(&'static str, &'static str),
    /// A setting of the server has a value that is not the server's. The fields are the setting,
    /// who gave the value, and how to take it back.
    NotOfServer(&'static str, &'static str, String),
    /// A connection's options set a setting that only superusers set, and hide the server's value.
    NotSuperuser(&'static str),
    /// The server's file gives a setting a text that is no value. The fields are the setting, and
    /// a sentence about its values.
    InvalidSetting(&'static str, String),
    /// A setting has a word or a name that nothing knows. The fields are the setting, the problem
    /// as a clause, and what is known.
    BadWord(&'static str, String, String),
    /// The library was loaded while Postgres takes over no value of a setting. The field is the
    /// setting.
    LoadedInParallel(&'static str),
    /// A setting is the library's own.
    LeaderOnly,
    /// A setting is no list of names. The fields are the setting and its value.
    ListSyntax(&'static str, String),
    /// A key or a secret is refused. The fields are the reason, and what to do.
    BadKey(String, Option<&'static str>),
    /// A preset or claim names are refused. The fields are the reason, and what to do.
    ClaimNames(String, String),
    /// The file with the local issuer's private key cannot be used.
    KeyFile,
    /// An issuer would speak for the users of another one.
    SpeaksFor {
        speaker: String,
        users: String,
        same_namespace: bool,
    },
    /// The local issuer, which has this name, has keys that were not made here.
    ForeignKeys(String),
    /// Keys are not made in the database, because they come from a file.
    KeysInFile,
    /// The local issuer has no key to sign with.
    NoSigningKey,
    /// This database would refuse a token with these claims, for this reason.
    BadClaims(String),
    /// An argument that must be given is missing; this is the sentence about it.
    Missing(String),
    /// The function does not take this argument. The fields are the problem, and what to do.
    Argument(String, Option<&'static str>),
    /// A function that writes was called on a standby.
    Standby,
    /// A transaction that has issued tokens was to be prepared.
    Prepared,
    /// A transaction that has cut off the claims of a user of an attached table was to be prepared.
    PreparedChange,
    /// The claims function now belongs to another role.
    ClaimsFunctionOwner,
    /// A function of somebody else's has set a `search_path` that would find temporary objects of
    /// the session.
    TempFirst,
    /// A session takes no proof of who its user is, for this reason.
    NotLive(&'static str),
    /// Another transaction has a session's row for too long.
    LockTimeout,
    /// Another transaction is changing issuers or keys.
    KeysHeld,
    /// Another transaction has the row of a session that a client wants to end.
    SessionHeld,
    /// A row has changed since the snapshot of the transaction.
    ConcurrentUpdate,
    /// `authguard.sign_out_user` could not read an attached table of sessions.
    AttachedUnread,
    /// A sign-in cannot see the sessions that it replaces.
    SingleSessionSnapshot,
    /// A client that would end sessions has no token of the local issuer.
    NoLocalToken,
    /// A client that would end the token's session has a token without one.
    NoSession,
    /// A token that a client would revoke has neither a `jti` nor a session.
    NotRevocable,
    /// A trigger function was called in another way.
    NotATrigger,
    /// A table is not as create extension made it. The fields are the table, and its needs as a
    /// sentence.
    OtherForm { table: String, needs: String },
    /// A table is not there, or is no plain table. The field is its name.
    NoTable(String),
    /// The process cannot have the memory that a call may need.
    OutOfMemory,
    /// The tables are replaced again and again.
    Restless,
    /// What decides about a token is changed again and again while it is read.
    NeverStill,
    /// Somebody's trigger has kept a row of the extension from being written. The field is the
    /// table.
    NotWritten(String),
}

/// An error as a client sees it.
#[derive(Debug)]
pub struct Report {
    pub code: PgSqlErrorCode,
    pub message: Cow<'static, str>,
    pub detail: Option<Cow<'static, str>>,
    pub hint: Option<Cow<'static, str>>,
}

impl Report {
    /// An error with neither a detail nor a hint.
    pub fn new(code: PgSqlErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }

    /// The same report with a detail.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same report with a hint.
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The SQLSTATE as SQL writes it (MAKE_SQLSTATE in utils/elog.h: six bits for each character).
    pub fn sqlstate(&self) -> String {
        let code = self.code as i32;
        (0..5)
            .map(|place| char::from(b'0' + (code >> (6 * place) & 0x3F) as u8))
            .collect()
    }

    /// Warns the client, and goes on.
    pub fn warn(self) {
        self.send(PgLogLevel::WARNING);
    }

    /// Raises the error.
    pub fn raise(self) -> ! {
        self.send(PgLogLevel::ERROR);
        unreachable!("an ERROR does not return")
    }

    /// Tells the client, and ends the session.
    #[cfg(feature = "pg18")]
    pub fn end_session(self) -> ! {
        self.send(PgLogLevel::FATAL);
        unreachable!("a FATAL does not return")
    }

    fn send(self, level: PgLogLevel) {
        let mut report = ErrorReport::new(self.code, self.message, "authguard");
        if let Some(detail) = self.detail {
            report = report.set_detail(detail);
        }
        if let Some(hint) = self.hint {
            report = report.set_hint(hint);
        }
        report.report(level);
    }
}

/// A cause as a sentence: with a capital letter and a full stop.
fn sentence(cause: &str) -> String {
    let (first, rest) = cause.split_at(cause.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest}.", first.to_uppercase())
}

impl Error {
    /// Raises the error.
    pub fn raise(self) -> ! {
        self.report().raise()
    }

    /// The error's report: its SQLSTATE, message, detail and hint.
    pub fn report(self) -> Report {
        use PgSqlErrorCode as Code;
        match self {
            Self::NotActive(hint) => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                "no active token",
            )
            .hint(hint),
            Self::NoSchema => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the tables of extension authguard are missing",
            )
            .hint("Access stays closed. Schema authguard must hold the tables that create extension made."),
            Self::NewerSchema { schema, library } => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the schema of authguard is newer than its library",
            )
            .detail(format!("The schema has version {schema}, the library version {library}."))
            .hint("Install the library of that version, then reconnect, or restart the server if the library is preloaded."),
            Self::OlderSchema {
                schema,
                library,
                lacks,
            } => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the schema of authguard is older than its library",
            )
            .detail(format!(
                "The schema has version {schema}, the library version {library}. {lacks}"
            ))
            .hint("Access stays closed until a superuser has run this: alter extension authguard update."),
            Self::BadToken => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                "the token is not accepted",
            )
            .hint("Sign in again. Why it is not accepted is in the server's log only."),
            Self::ExpiredToken => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                "the token has expired",
            )
            .hint("Refresh it: auth.refresh does for a token of this database, its issuer for any other."),
            // The detail is the word of RFC 8935 section 2.4, for the gateway to pass on.
            Self::EventRefused(why) => Report::new(
                Code::ERRCODE_INVALID_PARAMETER_VALUE,
                "the event is refused",
            )
            .detail(why.as_str())
            .hint("The exact reason is in the server's log only."),
            Self::ClaimsRefused(hint) => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                "the claims of this request are refused",
            )
            .hint(hint),
            Self::NotText => Report::new(
                Code::ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
                "a text has characters that cannot be converted to UTF-8",
            )
            .hint("The encoding of the database is not UTF-8. Use characters that both have."),
            Self::Untranslatable => Report::new(
                Code::ERRCODE_UNTRANSLATABLE_CHARACTER,
                "a text has characters that the encoding of the database cannot hold",
            )
            .hint("The encoding of the database is not UTF-8. Use characters that both have."),
            Self::ActNoTransactionBlock => Report::new(
                Code::ERRCODE_NO_ACTIVE_SQL_TRANSACTION,
                "the role and the claims would be gone after this statement",
            )
            .hint("Call it between begin and rollback."),
            Self::CoverageNoTransactionBlock => Report::new(
                Code::ERRCODE_NO_ACTIVE_SQL_TRANSACTION,
                "policy coverage would be gone after this statement",
            )
            .hint("Call it between begin and rollback, before the tests."),
            Self::NoTransactionBlock => Report::new(
                Code::ERRCODE_NO_ACTIVE_SQL_TRANSACTION,
                "a local token would be gone after this statement",
            )
            .hint("Call auth.set_token between begin and commit, or with is_local => false."),
            Self::LoggedIn => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "this connection has logged in by token, and acts for no other",
            )
            .hint("To set a token in each transaction, connect with another method than oauth."),
            #[cfg(feature = "pg18")]
            Self::LoginEnded(reason) => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                "the token that this connection has logged in with is not active any more",
            )
            .detail(format!("The reason is {reason}, and authguard.oauth_terminate is on."))
            .hint("Connect again with a new token."),
            Self::Sealed => Report::new(
                Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
                "the claims of this transaction are sealed",
            )
            .detail("authguard.seal_claims is on, and this transaction has claims already.")
            .hint("Set them once, first in a transaction; the next one may have others."),
            Self::SessionOnly(setting, hint) => Report::new(
                Code::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{setting} can only be set by a session"),
            )
            .detail("A value from a file, a database, a role or a function would outlive the request.")
            .hint(hint),
            Self::NotOfServer(setting, origin, undo) => Report::new(
                Code::ERRCODE_CANT_CHANGE_RUNTIME_PARAM,
                format!("parameter \"{setting}\" can only be set for the whole server"),
            )
            .detail(format!(
                "{origin}. That hides the server's value, so nothing of authguard works in this session."
            ))
            .hint(undo),
            Self::NotSuperuser(setting) => Report::new(
                Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
                format!("permission denied to set parameter \"{setting}\""),
            )
            .hint("Connect without it (PGOPTIONS, options=)."),
            Self::InvalidSetting(setting, values) => Report::new(
                Code::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("invalid value for parameter \"{setting}\" in the server's configuration"),
            )
            .detail(values)
            .hint("Nothing of authguard works until it is corrected, in the file or with ALTER SYSTEM."),
            Self::BadWord(setting, problem, hint) => Report::new(
                Code::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{setting}: {problem}"),
            )
            .hint(hint),
            Self::LoadedInParallel(setting) => Report::new(
                Code::ERRCODE_INVALID_TRANSACTION_STATE,
                format!("cannot take over parameter \"{setting}\" during a parallel operation"),
            )
            .hint("Preload the library: put authguard into shared_preload_libraries or session_preload_libraries."),
            Self::LeaderOnly => Report::new(
                Code::ERRCODE_CANT_CHANGE_RUNTIME_PARAM,
                "authguard.leader cannot be set",
            ),
            Self::ListSyntax(setting, value) => Report::new(
                Code::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("invalid value for parameter \"{setting}\": \"{value}\""),
            )
            .detail("List syntax is invalid."),
            Self::BadKey(problem, hint) | Self::Argument(problem, hint) => Report {
                hint: hint.map(Cow::from),
                ..Report::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, problem)
            },
            Self::ClaimNames(problem, hint) => Report {
                hint: Some(hint.into()),
                ..Report::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, problem)
            },
            Self::KeyFile => Report::new(
                Code::ERRCODE_CONFIG_FILE_ERROR,
                "cannot use the key in authguard.signing_key_file",
            )
            .hint("The file must hold one PKCS#8 private key in PEM. The server's log has the cause. After a change give it another name and reload."),
            Self::SpeaksFor { speaker, users, same_namespace } => Report::new(
                Code::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("issuer '{speaker}' would speak for the users of issuer '{users}'"),
            )
            .hint(match same_namespace {
                true => "Both have the same subject_namespace: give each its own.".to_owned(),
                false => format!("Give '{speaker}' a subject_namespace with authguard.trust_issuer: auth.uid() is then made of that and its sub. Only if the same sub is the same person, and whoever runs '{speaker}' may act as any of your users, it shares_subjects."),
            }),
            Self::ForeignKeys(name) => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("the local issuer has the name of an issuer that is trusted already, '{name}'"),
            )
            .hint("Set authguard.issuer to another name."),
            Self::KeysInFile => Report::new(
                Code::ERRCODE_CONFIG_FILE_ERROR,
                "the keys of the local issuer come from authguard.signing_key_file",
            )
            .hint("For another key, name another file in it and reload. Unset it only if the database is to keep the keys."),
            Self::NoSigningKey => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the local issuer has no key to sign with",
            )
            .hint("Call authguard.rotate_signing_key()."),
            Self::BadClaims(problem) => Report::new(
                Code::ERRCODE_INVALID_PARAMETER_VALUE,
                "the claims make a token that this database refuses",
            )
            .detail(sentence(&problem))
            .hint("Fix the claims passed to authguard.sign_in or authguard.sign, or returned by the claims function; the roles allowed are in authguard.issuer."),
            Self::Missing(problem) => {
                Report::new(Code::ERRCODE_NULL_VALUE_NOT_ALLOWED, problem)
            }
            Self::Standby => Report::new(
                Code::ERRCODE_READ_ONLY_SQL_TRANSACTION,
                "cannot write on a standby",
            )
            .hint("Connect to the primary; standbys follow it."),
            Self::Prepared => Report::new(
                Code::ERRCODE_FEATURE_NOT_SUPPORTED,
                "cannot prepare a transaction that has refreshed or issued tokens",
            )
            .hint("The client has its answer already: call sign_in, step_up and refresh in a transaction of their own, and commit it."),
            Self::PreparedChange => Report::new(
                Code::ERRCODE_FEATURE_NOT_SUPPORTED,
                "cannot prepare a transaction that makes earlier tokens of a user stale",
            )
            .hint("Every refresh of the user would wait for it. Commit it instead of preparing it."),
            Self::ClaimsFunctionOwner => Report::new(
                Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
                "the claims function has another owner by now",
            )
            .hint("No token is issued by the function of another; a new transaction tells more."),
            Self::TempFirst => Report::new(
                Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
                "search_path would find temporary objects of the session first",
            )
            .hint("Put pg_temp at the end of the search_path that the function sets, or let \"create function … set search_path\" set it."),
            Self::NotLive(problem) => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                problem,
            )
            .hint("Sign the user in again: authguard.sign_in begins another session."),
            Self::LockTimeout => Report::new(
                Code::ERRCODE_LOCK_NOT_AVAILABLE,
                "canceling statement due to lock timeout",
            ),
            Self::KeysHeld => Report::new(
                Code::ERRCODE_LOCK_NOT_AVAILABLE,
                "another transaction is changing issuers or keys",
            )
            .hint("Try again once it has ended."),
            Self::SessionHeld => Report::new(
                Code::ERRCODE_LOCK_NOT_AVAILABLE,
                "another transaction has the session",
            )
            .detail("Nothing has ended.")
            .hint("Try again; authguard.sign_out_user, which operators call, waits for no other transaction."),
            Self::AttachedUnread => Report::new(
                Code::ERRCODE_LOCK_NOT_AVAILABLE,
                "the sessions of an attached table were not ended, because it could not be read",
            )
            .hint("Another transaction may have locked it, or is changing it. Sign the user out again."),
            Self::ConcurrentUpdate => Report::new(
                Code::ERRCODE_T_R_SERIALIZATION_FAILURE,
                "could not serialize access due to concurrent update",
            )
            .hint("Try again, in a transaction of isolation level read committed."),
            Self::SingleSessionSnapshot => Report::new(
                Code::ERRCODE_ACTIVE_SQL_TRANSACTION,
                "authguard.single_session_per_user needs isolation level read committed",
            )
            .hint("An older snapshot does not see the session to be replaced: sign in in a transaction of its own."),
            Self::NoLocalToken => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                "no token of a session of this database",
            )
            .hint("Sessions of other issuers end there; authguard.revoke_session and revoke_user shut them out here."),
            Self::NoSession => Report::new(
                Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                "the token has no session",
            )
            .hint("Sign out with scope global."),
            Self::NotRevocable => Report::new(
                Code::ERRCODE_FEATURE_NOT_SUPPORTED,
                "the token has neither a jti nor a session to revoke it by",
            )
            .detail("The error of RFC 7009 is unsupported_token_type. Nothing is revoked.")
            .hint("An operator can revoke its user: authguard.revoke_user."),
            Self::NotATrigger => Report::new(
                Code::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                "function was not called by a trigger",
            ),
            Self::OtherForm { table, needs } => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "a table of authguard has another form than its library writes",
            )
            .detail(format!("The table is \"{table}\"."))
            .hint(needs),
            Self::NoTable(table) => Self::NoSchema
                .report()
                .detail(format!("The table is \"{table}\".")),
            Self::OutOfMemory => Report::new(Code::ERRCODE_OUT_OF_MEMORY, "out of memory"),
            Self::Restless => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the tables of extension authguard are replaced faster than they are read",
            )
            .hint("Try again."),
            Self::NeverStill => Report::new(
                Code::ERRCODE_T_R_SERIALIZATION_FAILURE,
                "the tables that decide about the token change faster than they are read",
            )
            .hint("Try again."),
            Self::NotWritten(table) => Report::new(
                Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "a trigger has kept a row of authguard from being written",
            )
            .detail(format!("The table is \"{table}\"."))
            .hint("Nobody gets tokens whose session is not written. A trigger before the row must return it."),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::Error;

    #[test]
    fn a_sqlstate_is_written_as_in_sql() {
        assert_eq!(Error::BadToken.report().sqlstate(), "28000");
        assert_eq!(Error::NoSchema.report().sqlstate(), "55000");
        assert_eq!(Error::Standby.report().sqlstate(), "25006");
        assert_eq!(Error::KeyFile.report().sqlstate(), "F0000");
        assert_eq!(Error::NotATrigger.report().sqlstate(), "39P01");
    }
}
