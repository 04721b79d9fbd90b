//! Every setting. All but `request.jwt.claims` are for the server's file or ALTER SYSTEM.

use crate::{claims, pg};
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

/// Claims longer than this are refused. 64 KiB is eight times what gateways let through as a header.
static MAX_CLAIMS_SIZE: GucSetting<i32> = GucSetting::<i32>::new(65_536);

/// The longest time that any issuer's token may live; 0: unknown, so that an entry of which nobody
/// gave the token's expiry is kept for ever rather than forgotten too early.
static MAX_TOKEN_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(0);

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
    pg::guc::define();
    pg::guc::reserve_prefix();
}

fn define_int(
    name: &'static std::ffi::CStr,
    description: &'static std::ffi::CStr,
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

/// `authguard.max_claims_size`, in bytes.
pub fn max_claims_size() -> usize {
    usize::try_from(MAX_CLAIMS_SIZE.get()).unwrap_or(0)
}

/// `authguard.max_token_lifetime`, in seconds; 0 for unknown.
#[pgrx::pg_extern(sql = false)]
fn authguard_max_token_lifetime() -> i32 {
    MAX_TOKEN_LIFETIME.get()
}

/// `authguard.leeway`, in seconds.
pub fn leeway() -> i64 {
    i64::from(LEEWAY.get())
}

/// `authguard.gateway_roles` was assigned.
pub fn gateways_changed() {
    claims::changed();
}

/// `request.jwt.claims` was assigned.
pub fn claims_changed() {
    claims::changed();
}
