//! The settings, one entry each: name, default, range, unit, and who may set it if that is not the
//! server's file or ALTER SYSTEM. The comment says what `pg_settings` does not say: the reason for
//! a default or a range.
//!
//! A new setting needs an entry here with the function that reads it, and the code that uses it.
//! `cargo embed reference` writes `docs/reference/settings.md` from these descriptions.

use super::judged::{Judged, Problem, problems};
use super::words::{self, Audience, DecidesTokens, GatewayClaims, Issuer, MinAal, NotifyEvents};
use crate::pg::guc::{Choice, Number, SetBy, Switch, Text, Unit};
use authguard_token::{Aal, MAX_LEEWAY_SECONDS, RefreshSettings};
use pgrx::PostgresGucEnum;

/// Declares settings, and the functions that check and define all of them.
macro_rules! settings {
    ($($(#[$reason:meta])* $name:ident: $kind:ty = $declaration:expr;)*) => {
        $($(#[$reason])* static $name: $kind = $declaration;)*

        /// Raises an error if a setting would not get the value that the server gives it. To be
        /// called from `_PG_init`, before any setting is defined.
        pub fn check_given() {
            $($name.check_given();)*
        }

        /// Defines the settings. To be called once, from `_PG_init`. `keys_changed` is called when
        /// a setting is assigned that decides which tokens are good.
        pub fn define(keys_changed: fn()) {
            words::KEYS_CHANGED.set(keys_changed);
            $($name.define();)*
        }
    };
}

/// The range of a number of which 0 is a special value.
const FROM_0: (i32, i32) = (0, i32::MAX);

/// The settings that a refresh obeys if nothing is set.
const REFRESH: RefreshSettings = RefreshSettings::DEFAULT;

settings! {
    // Rules for claims and tokens.

    /// 64 KiB is eight times what gateways let through as a header.
    MAX_CLAIMS_SIZE: Number = Number::number(
        c"authguard.max_claims_size", 65_536, (256, 1_048_576),
        c"Claims longer than this are rejected.",
    ).more(c"They are the gateway's claims, in request.jwt.claims.").unit(Unit::Bytes);

    /// 8 KiB is what servers let through as a header.
    MAX_TOKEN_SIZE: Number = Number::number(
        c"authguard.max_token_size", 8192, (256, 65_536),
        c"Tokens longer than this are rejected.",
    ).more(c"The token is the one in authguard.jwt, or an argument of auth.verify().").unit(Unit::Bytes);

    /// The default 0 means unknown: an entry without an expiry is kept for ever rather than
    /// forgotten too early.
    MAX_TOKEN_LIFETIME: Number = Number::number(
        c"authguard.max_token_lifetime", 0, FROM_0,
        c"The longest lifetime of any token you accept; 0 means unknown: entries without an expiry are kept for ever.",
    ).more(
        c"If an entry was written without an expiry, this setting says when it may be forgotten. \
          Set it to at least the longest lifetime of any token you accept: an entry that is \
          forgotten too early lets a revoked token in again.",
    ).unit(Unit::Seconds);

    /// The range is the one that the rules of tokens clamp the value to.
    LEEWAY: Number = Number::number(
        c"authguard.leeway", 30, (0, MAX_LEEWAY_SECONDS as i32),
        c"How long after its expiry a token is still accepted, for clocks that differ.",
    ).more(
        c"It is also how far in the future an authentication may lie, and up to how long after a \
          cut-off the iat of another issuer's token counts as before it.",
    ).unit(Unit::Seconds);

    /// The names of the standards are the default, which hold for Supabase, too.
    GATEWAY_CLAIMS: Text<Judged<GatewayClaims>> = Text::text(
        c"authguard.gateway_claims", c"",
        c"Where request.jwt.claims has session, client, roles and organization: the name of a preset, or an object of claim names.",
    ).more(
        c"As the arguments preset and claims of authguard.trust_issuer; a member preset of the object \
          names the preset. Empty: where the standards have them. Claims of the local issuer do not \
          need it. If the text is neither, every claim of a gateway is rejected.",
    );

    /// Off by default, because an application may set its claims twice in a transaction.
    SEAL_CLAIMS: Switch = Switch::switch(
        c"authguard.seal_claims", false,
        c"If on, the first claims of a transaction cannot be changed until it ends.",
    ).more(
        c"A later change is error 42501. Leave it off beside Supabase's Realtime or Storage, \
          which act for several users in one transaction.",
    );

    /// `error` is the default, because code that takes NULL for "nobody is signed in" opens.
    REFUSED_CLAIMS: Choice<RefusedClaims> = Choice::choice(
        c"authguard.refused_claims", RefusedClaims::error,
        c"What readers of claims do if the claims are rejected: raise an error, or return NULL.",
    ).more(
        c"error raises 28000. null returns NULL, as if nothing were set: only for code that you \
          cannot change, because NULL opens what takes it for \"no user, so the backend\".",
    );

    /// The server's log only: clients are not told.
    LOG_REFUSED_TOKENS: Choice<RefusalLevel> = Choice::choice(
        c"authguard.log_refused_tokens", RefusalLevel::log,
        c"The level at which the log says why a token was rejected, without anything of the token.",
    ).more(c"debug1 needs a log_min_messages that includes it.");

    /// Off by default: names of policies are for who writes them, and a client sees them.
    /// PGC_SUSET, so that a superuser may set it for a role, or for one test.
    EXPLAIN_DENIALS: Switch = Switch::switch(
        c"authguard.explain_denials", false,
        c"If on, a write that row-level security refuses says which policies it needed.",
    ).more(
        c"The error is the same, with a DETAIL that names the permissive policies of which none has \
          passed, and a HINT that says why they were asked. Only for roles that may read pg_policy.",
    ).set_by(SetBy::Superuser);

    // Logging in by token.

    /// The path is shown to superusers only, as that of the other file is.
    OAUTH_ISSUERS_FILE: Text = Text::text(
        c"authguard.oauth_issuers_file", c"",
        c"The issuers whose tokens log in, from Postgres 18 on, and as which roles: a JSON file.",
    ).more(
        c"It is read at each login of method oauth, if oauth_validator_libraries lists authguard. \
          Only the user of the server and root may be able to write it. Empty: nobody logs in by \
          token.",
    ).flag(pgrx::pg_sys::GUC_SUPERUSER_ONLY);

    /// Off by default: a revoked connection reads nothing in either case, and a pool that loses
    /// connections connects again with the same token.
    OAUTH_TERMINATE: Switch = Switch::switch(
        c"authguard.oauth_terminate", false,
        c"If on, a connection that has logged in by token ends once the token is no longer active.",
    ).more(
        c"It ends at its next statement, apart from those that begin or end a transaction and from \
          SET and SHOW. If off, it stays, and its token counts as revoked. From Postgres 18 on.",
    );

    // The tokens that this database signs, and their sessions.

    /// A name that must be unique to each primary.
    ISSUER: Text<Judged<Issuer>> = Text::text(
        c"authguard.issuer", c"authguard",
        c"The issuer (claim iss) of tokens that this database signs.",
    ).more(c"Each primary needs an issuer of its own.");

    AUDIENCE: Text<Judged<Audience>> = Text::text(
        c"authguard.audience", c"authenticated",
        c"The audience (claim aud) of tokens that this database signs.",
    );

    /// The path is shown to superusers only, because it leads to a secret.
    SIGNING_KEY_FILE: Text<DecidesTokens> = Text::text(
        c"authguard.signing_key_file", c"",
        c"The private key (PKCS#8, PEM) that signs locally issued tokens; empty: the key is in the database.",
    ).more(
        c"To change the key, write another file and set its name here. Only the user of the \
          server should be able to read the file.",
    ).flag(pgrx::pg_sys::GUC_SUPERUSER_ONLY);

    JWT_EXPIRY: Number = Number::number(
        c"authguard.jwt_expiry", REFRESH.jwt_expiry.cast_signed(), (1, i32::MAX),
        c"The lifetime of an access token that this database signs.",
    ).unit(Unit::Seconds);

    ROTATION_ENABLED: Switch = Switch::switch(
        c"authguard.refresh_token_rotation_enabled", REFRESH.rotation_enabled,
        c"If on, each refresh returns a new refresh token.",
    );

    /// The interval lets another tab, or a client that has lost the answer, ask again within
    /// seconds.
    REUSE_INTERVAL: Number = Number::number(
        c"authguard.refresh_token_reuse_interval", REFRESH.reuse_interval.cast_signed(), FROM_0,
        c"How long after a rotation the previous refresh token still works.",
    ).more(
        c"So a second tab, or a client that has lost the answer, gets the current refresh token \
          once more. With a longer interval a theft is noticed later.",
    ).unit(Unit::Seconds);

    REUSE_LIMIT: Number = Number::number(
        c"authguard.refresh_token_reuse_limit", REFRESH.reuse_limit.cast_signed(), FROM_0,
        c"How often the previous refresh token still works after a rotation, before that counts as theft.",
    ).more(c"It counts within authguard.refresh_token_reuse_interval.");

    SESSION_TIMEBOX: Number = Number::number(
        c"authguard.session_timebox", REFRESH.timebox.cast_signed(), FROM_0,
        c"How long a session lives at most; 0: no limit.",
    ).more(c"A session past its time is revoked at once, not only at its next refresh.").unit(Unit::Seconds);

    SESSION_INACTIVITY_TIMEOUT: Number = Number::number(
        c"authguard.session_inactivity_timeout", REFRESH.inactivity_timeout.cast_signed(), FROM_0,
        c"How long a session lives without a refresh; 0: no limit.",
    ).more(c"A session past its time is revoked at once, not only at its next refresh.").unit(Unit::Seconds);

    SINGLE_SESSION_PER_USER: Switch = Switch::switch(
        c"authguard.single_session_per_user", false,
        c"If on, a sign-in ends the user's other sessions that have the same tag.",
    ).more(c"The tag is an argument of authguard.sign_in().");

    MIN_AAL: Text<Judged<MinAal>> = Text::text(
        c"authguard.min_aal", c"",
        c"The lowest assurance level with which a sign-in, a step-up or a refresh succeeds; empty: any.",
    ).more(
        c"aal1, aal2 or aal3. A misspelt value in a file counts as aal3, the strictest level.",
    );

    NOTIFY_EVENTS: Text<Judged<NotifyEvents>> = Text::text(
        c"authguard.notify_events", c"",
        c"A list of the events of which authguard notifies the channel authguard.",
    ).more(
        c"Names of authguard's events, or of your own. A notification takes a lock of the whole \
          database at commit, so list only events that somebody waits for.",
    );

    // The database: a copy of another one, a standby, one that takes over a schema.

    /// `warn` is the default, because a restore in an emergency needs a database that works.
    AFTER_RESTORE: Choice<AfterRestore> = Choice::choice(
        c"authguard.after_restore", AfterRestore::warn,
        c"What a restored or cloned database does until authguard.acknowledge_restore() is called: warn, or deny, which rejects every token.",
    ).more(c"The same holds for an upgraded database. With deny the reason is restored.");

    MAX_REPLAY_LAG: Number = Number::number(
        c"authguard.max_replay_lag", 0, FROM_0,
        c"How far a standby may be behind before every token counts as revoked there; 0: no limit.",
    ).more(c"The reason is then replica_lag. Requests without claims are not affected.").unit(Unit::Seconds);

    /// `sql/install/schemas.sql` reads this.
    ADOPT: Switch = Switch::switch(
        c"authguard.adopt", false,
        c"If on, create extension may take over an existing schema auth.",
    ).more(c"A superuser sets it in the same session.").set_by(SetBy::Superuser);

    /// `sql/install/adopt.sql` reads this.
    ADOPT_OWNERS: Text = Text::text(
        c"authguard.adopt_owners", c"",
        c"A list of the roles, besides superusers, whose schema auth may be taken over.",
    ).more(
        c"A schema of a superuser may always be taken over. A superuser sets it in the same \
          session.",
    ).set_by(SetBy::Superuser);
}

/// The problems of the settings in this table, as [`problems`] has them.
pub fn problems_of_table() -> Vec<(&'static str, Problem, bool)> {
    problems::<Issuer>(&ISSUER.get())
        .chain(problems::<Audience>(&AUDIENCE.get()))
        .chain(problems::<GatewayClaims>(&GATEWAY_CLAIMS.get()))
        .chain(problems::<MinAal>(&MIN_AAL.get()))
        .chain(problems::<NotifyEvents>(&NOTIFY_EVENTS.get()))
        .collect()
}

/// The level at which the log says why a token is refused: LOG, DEBUG1, or not at all.
#[derive(Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
#[expect(non_camel_case_types, reason = "the names are what users write")]
pub enum RefusalLevel {
    off,
    debug1,
    log,
}

/// The answer of readers if the claims are refused.
#[derive(Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
#[expect(non_camel_case_types, reason = "the names are what users write")]
pub enum RefusedClaims {
    error,
    null,
}

/// The behaviour of a restored or cloned database until that is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
#[expect(non_camel_case_types, reason = "the names are what users write")]
pub enum AfterRestore {
    warn,
    deny,
}

/// `authguard.max_claims_size`, in bytes.
pub fn max_claims_size() -> usize {
    usize::try_from(MAX_CLAIMS_SIZE.get()).unwrap_or(0)
}

/// `authguard.max_token_size`, in bytes.
pub fn max_token_size() -> usize {
    usize::try_from(MAX_TOKEN_SIZE.get()).unwrap_or(0)
}

/// `authguard.max_token_lifetime`, in seconds; 0 for unknown.
pub fn max_token_lifetime() -> u32 {
    MAX_TOKEN_LIFETIME.get().unsigned_abs()
}

/// `authguard.leeway`, in seconds.
pub fn leeway() -> i64 {
    i64::from(LEEWAY.get())
}

/// `authguard.oauth_issuers_file`; empty if nobody logs in by token.
#[cfg(feature = "pg18")]
pub fn oauth_issuers_file() -> String {
    OAUTH_ISSUERS_FILE.get()
}

/// `authguard.oauth_terminate`.
#[cfg(feature = "pg18")]
pub fn oauth_terminate() -> bool {
    OAUTH_TERMINATE.get()
}

/// `authguard.seal_claims`.
pub fn seal_claims() -> bool {
    SEAL_CLAIMS.get()
}

/// Returns true if `authguard.refused_claims` is `error`.
pub fn refused_claims_are_errors() -> bool {
    REFUSED_CLAIMS.get() == RefusedClaims::error
}

/// `authguard.log_refused_tokens`.
pub fn log_refused_tokens() -> RefusalLevel {
    LOG_REFUSED_TOKENS.get()
}

/// `authguard.explain_denials`.
pub fn explain_denials() -> &'static Switch {
    &EXPLAIN_DENIALS
}

/// `authguard.issuer`.
pub fn issuer() -> String {
    ISSUER.get()
}

/// `authguard.audience`.
pub fn audience() -> String {
    AUDIENCE.get()
}

/// `authguard.gateway_claims`; empty for none.
pub fn gateway_claims() -> String {
    GATEWAY_CLAIMS.get()
}

/// `authguard.signing_key_file`; empty for none.
pub fn signing_key_file() -> String {
    SIGNING_KEY_FILE.get()
}

/// The settings that a refresh obeys.
pub fn refresh() -> RefreshSettings {
    let unsigned = |setting: &Number| setting.get().unsigned_abs();
    RefreshSettings {
        jwt_expiry: unsigned(&JWT_EXPIRY),
        rotation_enabled: ROTATION_ENABLED.get(),
        reuse_interval: unsigned(&REUSE_INTERVAL),
        reuse_limit: unsigned(&REUSE_LIMIT),
        timebox: unsigned(&SESSION_TIMEBOX),
        inactivity_timeout: unsigned(&SESSION_INACTIVITY_TIMEOUT),
    }
}

/// `authguard.single_session_per_user`.
pub fn single_session_per_user() -> bool {
    SINGLE_SESSION_PER_USER.get()
}

/// `authguard.min_aal`; `None` if every level is enough. A misspelt level counts as `aal3`, the
/// strictest one.
pub fn min_aal() -> Option<Aal> {
    match MIN_AAL.get().as_str() {
        "" => None,
        word => Some(Aal::from_name(word).unwrap_or(Aal::Aal3)),
    }
}

/// Returns true if `authguard.notify_events` lists `event`.
pub fn notifies(event: &str) -> bool {
    words::events(&NOTIFY_EVENTS.get()).any(|name| name == event)
}

/// `authguard.after_restore`.
pub fn after_restore() -> AfterRestore {
    AFTER_RESTORE.get()
}

/// `authguard.max_replay_lag`, in seconds; 0 for no limit.
pub fn max_replay_lag() -> i64 {
    i64::from(MAX_REPLAY_LAG.get())
}
