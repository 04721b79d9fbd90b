//! Every setting. All but `request.jwt.claims`, `authguard.jwt` and those of CREATE EXTENSION are for the
//! server's file or ALTER SYSTEM.

use crate::pg::guc::Text;
use crate::{claims, invalidation, pg};
use authguard_token::RefreshSettings;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use std::ffi::{CStr, CString};

/// Claims longer than this are refused. 64 KiB is eight times what gateways let through as a header.
static MAX_CLAIMS_SIZE: GucSetting<i32> = GucSetting::<i32>::new(65_536);

/// The longest time that any issuer's token may live; 0: unknown, so that an entry of which nobody
/// gave the token's expiry is kept for ever rather than forgotten too early.
static MAX_TOKEN_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(0);

/// Tokens longer than this are refused. 8 KiB is what servers let through as a header.
static MAX_TOKEN_SIZE: GucSetting<i32> = GucSetting::<i32>::new(8192);

/// Claim `iss` of the tokens that this database signs. Unique to each primary.
static ISSUER: Text = Text::new();

/// Claim `aud` of the tokens that this database signs.
static AUDIENCE: Text = Text::new();

/// A PKCS#8 private key in PEM that signs our tokens; empty: keys are in the database.
static SIGNING_KEY_FILE: Text = Text::new();

/// How long an access token of ours lives.
static JWT_EXPIRY: GucSetting<i32> = GucSetting::<i32>::new(3600);

/// Whether each refresh gives a new refresh token.
static ROTATION_ENABLED: GucSetting<bool> = GucSetting::<bool>::new(true);

/// How long after that the one before it is still answered: another tab, or a lost answer.
static REUSE_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(10);

/// How often it is, before that is theft.
static REUSE_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(100);

/// How long a session lives; 0: for ever.
static SESSION_TIMEBOX: GucSetting<i32> = GucSetting::<i32>::new(0);

/// How long it lives without a refresh; 0: for ever.
static SESSION_INACTIVITY_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(0);

/// Whether a sign-in ends the user's other sessions with the same tag.
static SINGLE_SESSION_PER_USER: GucSetting<bool> = GucSetting::<bool>::new(false);

/// The least level of a sign-in, a step-up and a refresh. Any text: one that Postgres refused in a file would leave
/// the setting empty, and so let everybody in.
static MIN_AAL: Text = Text::new();

/// The events that channel `authguard` is notified of.
static NOTIFY_EVENTS: Text = Text::new();

/// Whether the first claims of a transaction stand until it ends.
static SEAL_CLAIMS: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Where the log says why a token was refused; clients are not told.
#[derive(Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
#[expect(non_camel_case_types, reason = "the names are what users write")]
pub enum RefusalLevel {
    off,
    debug1,
    log,
}

/// How loud the log says it: as a message of the level LOG, of DEBUG1, or not at all.
static LOG_REFUSED_TOKENS: GucSetting<RefusalLevel> =
    GucSetting::<RefusalLevel>::new(RefusalLevel::log);

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

/// How far the issuer's clock may be off.
static LEEWAY: GucSetting<i32> = GucSetting::<i32>::new(30);

/// Defines the settings and reserves their prefix. To be called once, from `_PG_init`.
pub fn define() {
    define_int(
        c"authguard.max_claims_size",
        c"Claims longer than this are refused.",
        &MAX_CLAIMS_SIZE,
        256..=1_048_576,
        GucFlags::UNIT_BYTE,
    );
    define_int(
        c"authguard.max_token_lifetime",
        c"The longest lifetime of any token; 0 means unknown, and that entries without an expiry are kept.",
        &MAX_TOKEN_LIFETIME,
        0..=i32::MAX,
        GucFlags::UNIT_S,
    );
    define_int(
        c"authguard.leeway",
        c"How long after its expiry a token is still accepted, for clocks that differ.",
        &LEEWAY,
        0..=300,
        GucFlags::UNIT_S,
    );
    define_int(
        c"authguard.max_token_size",
        c"Tokens longer than this are refused.",
        &MAX_TOKEN_SIZE,
        256..=65_536,
        GucFlags::UNIT_BYTE,
    );
    ISSUER.define(
        c"authguard.issuer",
        c"The issuer (claim iss) of tokens that this database signs.",
        c"authguard",
        0,
    );
    AUDIENCE.define(
        c"authguard.audience",
        c"The audience (claim aud) of tokens that this database signs.",
        c"authenticated",
        0,
    );
    SIGNING_KEY_FILE.define(
        c"authguard.signing_key_file",
        c"The private key (PKCS#8, PEM) that signs our tokens; empty: it is in the database.",
        c"",
        pgrx::pg_sys::GUC_SUPERUSER_ONLY,
    );
    for (name, description, setting, least) in [
        (
            c"authguard.jwt_expiry",
            c"How long an access token that this database signs lives.",
            &JWT_EXPIRY,
            1,
        ),
        (
            c"authguard.refresh_token_reuse_interval",
            c"How long after a rotation the refresh token before it is still answered.",
            &REUSE_INTERVAL,
            0,
        ),
        (
            c"authguard.session_timebox",
            c"How long a session lives; 0: for ever.",
            &SESSION_TIMEBOX,
            0,
        ),
        (
            c"authguard.session_inactivity_timeout",
            c"How long a session lives without a refresh; 0: for ever.",
            &SESSION_INACTIVITY_TIMEOUT,
            0,
        ),
    ] {
        define_int(
            name,
            description,
            setting,
            least..=i32::MAX,
            GucFlags::UNIT_S,
        );
    }
    define_int(
        c"authguard.refresh_token_reuse_limit",
        c"How often a refresh token is answered after its rotation, before that is theft.",
        &REUSE_LIMIT,
        0..=i32::MAX,
        GucFlags::default(),
    );
    define_bool(
        c"authguard.refresh_token_rotation_enabled",
        c"Each refresh gives a new refresh token.",
        &ROTATION_ENABLED,
    );
    define_bool(
        c"authguard.single_session_per_user",
        c"A sign-in ends the user's other sessions with the same tag.",
        &SINGLE_SESSION_PER_USER,
    );
    MIN_AAL.define(
        c"authguard.min_aal",
        c"The least assurance level of a sign-in, a step-up and a refresh; empty: any.",
        c"",
        0,
    );
    NOTIFY_EVENTS.define(
        c"authguard.notify_events",
        c"A list of the events that channel authguard is notified of.",
        c"",
        0,
    );
    define_bool(
        c"authguard.seal_claims",
        c"The first claims of a transaction stand until it ends.",
        &SEAL_CLAIMS,
    );
    GucRegistry::define_enum_guc(
        c"authguard.log_refused_tokens",
        c"The level at which the log says why a token is refused, without anything of the token.",
        c"",
        &LOG_REFUSED_TOKENS,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"authguard.after_restore",
        c"What a restored or cloned database does until authguard.acknowledge_restore(): warn, or deny every token.",
        c"",
        &AFTER_RESTORE,
        GucContext::Sighup,
        GucFlags::default(),
    );
    define_int(
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
    pg::seal::adopting(pg::guc::define);
    pg::guc::reserve_prefix();
}

fn define_int(
    name: &'static CStr,
    description: &'static CStr,
    setting: &'static GucSetting<i32>,
    range: std::ops::RangeInclusive<i32>,
    unit: GucFlags,
) {
    GucRegistry::define_int_guc(
        name,
        description,
        c"",
        setting,
        *range.start(),
        *range.end(),
        GucContext::Sighup,
        unit,
    );
}

fn define_bool(
    name: &'static CStr,
    description: &'static CStr,
    setting: &'static GucSetting<bool>,
) {
    GucRegistry::define_bool_guc(
        name,
        description,
        c"",
        setting,
        GucContext::Sighup,
        GucFlags::default(),
    );
}

/// `authguard.max_token_size`, in bytes.
pub fn max_token_size() -> usize {
    usize::try_from(MAX_TOKEN_SIZE.get()).unwrap_or(0)
}

/// `authguard.issuer`.
pub fn issuer() -> String {
    ISSUER.get()
}

/// `authguard.audience`.
pub fn audience() -> String {
    AUDIENCE.get()
}

/// `authguard.signing_key_file`; empty for none.
pub fn signing_key_file() -> String {
    SIGNING_KEY_FILE.get()
}

/// The settings that decide a refresh.
pub fn refresh() -> RefreshSettings {
    let seconds = |setting: &GucSetting<i32>| setting.get().unsigned_abs();
    RefreshSettings {
        jwt_expiry: seconds(&JWT_EXPIRY),
        rotation_enabled: ROTATION_ENABLED.get(),
        reuse_interval: seconds(&REUSE_INTERVAL),
        reuse_limit: seconds(&REUSE_LIMIT),
        timebox: seconds(&SESSION_TIMEBOX),
        inactivity_timeout: seconds(&SESSION_INACTIVITY_TIMEOUT),
    }
}

/// `authguard.single_session_per_user`.
pub fn single_session_per_user() -> bool {
    SINGLE_SESSION_PER_USER.get()
}

/// `authguard.min_aal`; empty for any. A misspelt level is the highest one: it lets nobody in by accident.
pub fn min_aal() -> &'static str {
    match MIN_AAL.get().as_str() {
        "" => "",
        "aal1" => "aal1",
        "aal2" => "aal2",
        _ => "aal3",
    }
}

/// Whether `authguard.notify_events` lists `event`.
pub fn notifies(event: &str) -> bool {
    let events = NOTIFY_EVENTS.get();
    events.split(',').any(|name| name.trim() == event)
}

/// `authguard.seal_claims`.
pub fn seal_claims() -> bool {
    SEAL_CLAIMS.get()
}

/// `authguard.log_refused_tokens`.
pub fn log_refused_tokens() -> RefusalLevel {
    LOG_REFUSED_TOKENS.get()
}

/// `authguard.max_claims_size`, in bytes.
pub fn max_claims_size() -> usize {
    usize::try_from(MAX_CLAIMS_SIZE.get()).unwrap_or(0)
}

/// `authguard.max_token_lifetime`, in seconds; 0 for unknown.
#[pgrx::pg_extern(sql = false)]
fn authguard_max_token_lifetime() -> i32 {
    MAX_TOKEN_LIFETIME.get()
}

/// `authguard.after_restore`.
pub fn after_restore() -> AfterRestore {
    AFTER_RESTORE.get()
}

/// `authguard.max_replay_lag`, in seconds; 0 for no limit.
pub fn max_replay_lag() -> i64 {
    i64::from(MAX_REPLAY_LAG.get())
}

/// `authguard.leeway`, in seconds.
pub fn leeway() -> i64 {
    i64::from(LEEWAY.get())
}

/// `authguard.gateway_roles` was assigned.
pub fn gateways_changed() {
    claims::changed();
}

/// `request.jwt.claims` or `authguard.jwt` was assigned.
pub fn claims_changed() {
    claims::changed();
}

/// A text that decides which tokens are good was assigned.
pub fn keys_changed() {
    invalidation::keys_changed();
}
