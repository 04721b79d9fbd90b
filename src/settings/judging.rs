//! What a token or a gateway's claims must be like to be believed, and what is said of those that are not.

use super::server;
use authguard_token::MAX_LEEWAY_SECONDS;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

/// Claims longer than this are refused. 64 KiB is eight times what gateways let through as a header.
static MAX_CLAIMS_SIZE: GucSetting<i32> = GucSetting::<i32>::new(65_536);

/// Tokens longer than this are refused. 8 KiB is what servers let through as a header.
static MAX_TOKEN_SIZE: GucSetting<i32> = GucSetting::<i32>::new(8192);

/// The longest time that any issuer's token may live; 0: unknown, so that an entry of which nobody
/// gave the token's expiry is kept for ever rather than forgotten too early.
static MAX_TOKEN_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(0);

/// How far the issuer's clock may be off.
static LEEWAY: GucSetting<i32> = GucSetting::<i32>::new(30);

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

/// Defines them.
pub fn define() {
    server::int(
        c"authguard.max_claims_size",
        c"Claims longer than this are refused.",
        &MAX_CLAIMS_SIZE,
        256..=1_048_576,
        GucFlags::UNIT_BYTE,
    );
    server::int(
        c"authguard.max_token_lifetime",
        c"The longest lifetime of any token; 0 means unknown, and that entries without an expiry are kept.",
        &MAX_TOKEN_LIFETIME,
        0..=i32::MAX,
        GucFlags::UNIT_S,
    );
    server::int(
        c"authguard.leeway",
        c"How long after its expiry a token is still accepted, for clocks that differ.",
        &LEEWAY,
        0..=MAX_LEEWAY_SECONDS as i32,
        GucFlags::UNIT_S,
    );
    server::int(
        c"authguard.max_token_size",
        c"Tokens longer than this are refused.",
        &MAX_TOKEN_SIZE,
        256..=65_536,
        GucFlags::UNIT_BYTE,
    );
    server::bool(
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

/// `authguard.seal_claims`.
pub fn seal_claims() -> bool {
    SEAL_CLAIMS.get()
}

/// `authguard.log_refused_tokens`.
pub fn log_refused_tokens() -> RefusalLevel {
    LOG_REFUSED_TOKENS.get()
}
