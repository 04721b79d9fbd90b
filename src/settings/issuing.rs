//! The tokens that this database signs, and the sessions that they belong to.

use super::server;
use crate::pg::guc::Text;
use authguard_token::{Aal, RefreshSettings};
use pgrx::{GucFlags, GucSetting};

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

/// Defines them.
pub fn define() {
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
        server::int(
            name,
            description,
            setting,
            least..=i32::MAX,
            GucFlags::UNIT_S,
        );
    }
    server::int(
        c"authguard.refresh_token_reuse_limit",
        c"How often a refresh token is answered after its rotation, before that is theft.",
        &REUSE_LIMIT,
        0..=i32::MAX,
        GucFlags::default(),
    );
    server::bool(
        c"authguard.refresh_token_rotation_enabled",
        c"Each refresh gives a new refresh token.",
        &ROTATION_ENABLED,
    );
    server::bool(
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

/// `authguard.min_aal`; `None` if every level is enough. A misspelt word counts as the strictest
/// level.
pub fn min_aal() -> Option<Aal> {
    match MIN_AAL.get().as_str() {
        "" => None,
        word => Some(Aal::from_name(word).unwrap_or(Aal::Aal3)),
    }
}

/// Whether `authguard.notify_events` lists `event`.
pub fn notifies(event: &str) -> bool {
    let events = NOTIFY_EVENTS.get();
    events.split(',').any(|name| name.trim() == event)
}
