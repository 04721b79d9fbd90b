//! The settings that decide a refresh.

use crate::time::MICROS_PER_SECOND;

/// The settings `authguard.…` of the same names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefreshSettings {
    /// `jwt_expiry`: the lifetime of an access token, seconds.
    pub jwt_expiry: u32,
    /// `refresh_token_rotation_enabled`: if off, a refresh gives the same refresh token again,
    /// which then lives as long as its session. A token that was superseded before, or by a
    /// step-up, stays so.
    pub rotation_enabled: bool,
    /// `refresh_token_reuse_interval`: how long after a rotation the earlier token is still
    /// answered, seconds; 0 is not at all.
    pub reuse_interval: u32,
    /// `refresh_token_reuse_limit`: how often it is answered in that time.
    pub reuse_limit: u32,
    /// `session_timebox`: the lifetime of a session, seconds; 0 is for ever.
    pub timebox: u32,
    /// `session_inactivity_timeout`: how long a session lives without a refresh, seconds; 0 is for
    /// ever.
    pub inactivity_timeout: u32,
}

impl RefreshSettings {
    /// The values that apply if nothing is set.
    pub const DEFAULT: Self = Self {
        jwt_expiry: 3600,
        rotation_enabled: true,
        reuse_interval: 10,
        reuse_limit: 100,
        timebox: 0,
        inactivity_timeout: 0,
    };
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Microseconds. A `u32` of seconds is far from the end of the range.
pub(super) fn micros(seconds: u32) -> i64 {
    i64::from(seconds).saturating_mul(MICROS_PER_SECOND)
}
