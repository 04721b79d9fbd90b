//! The state of a session's refresh tokens, how a change alters it, and when time ends the session.

use super::answer::{Change, EndReason};
use super::settings::{RefreshSettings, micros};
use crate::time::second;

/// The columns of `authguard.session` that decide a refresh, and those that a change moves. Times
/// are microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefreshState {
    /// The generation of the current refresh token.
    pub counter: u64,
    /// The sign-in.
    pub created_at: i64,
    /// When the user last proved who it is: the sign-in, a step-up or a reauthentication.
    pub authenticated_at: i64,
    /// The sign-in, or the last refresh or step-up that gave a token: inactivity counts from it.
    pub refreshed_at: i64,
    /// When `counter` last moved: the window for reuse begins there.
    pub rotated_at: i64,
    /// The number of times that the token before the current one was answered since.
    pub reuse_count: u32,
    /// The counter before the last step-up.
    pub stepped_up_from: Option<u64>,
    /// An end of the session's own, independent of the settings.
    pub not_after: Option<i64>,
    /// How it ended; `None` if it has not.
    pub ended: Option<Ended>,
}

/// How a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By time.
    Expired,
    /// By anything else: signed out, revoked, taken for stolen.
    Revoked,
}

impl Ended {
    /// Returns how a session ended whose row has this reason.
    pub fn by(reason: &str) -> Self {
        if reason == EndReason::Expired.as_str() {
            Self::Expired
        } else {
            Self::Revoked
        }
    }
}

impl RefreshState {
    /// Returns the row of a session that begins now.
    pub const fn begin(now: i64) -> Self {
        Self {
            counter: 0,
            created_at: now,
            authenticated_at: now,
            refreshed_at: now,
            rotated_at: now,
            reuse_count: 0,
            stepped_up_from: None,
            not_after: None,
            ended: None,
        }
    }

    /// Returns when time ends the session; `None` is never. The instant itself is past, as with
    /// `exp`.
    ///
    /// The current settings count, so that a shorter limit also ends existing sessions.
    pub fn expires_at(&self, settings: &RefreshSettings) -> Option<i64> {
        let limit =
            |from: i64, seconds| (seconds > 0).then(|| from.saturating_add(micros(seconds)));
        let timebox = limit(self.created_at, settings.timebox);
        let inactivity = limit(self.refreshed_at, settings.inactivity_timeout);
        [self.not_after, timebox, inactivity]
            .into_iter()
            .flatten()
            .min()
    }

    /// Returns `exp` of an access token issued now, in seconds: never past the session's end. The
    /// change must be applied already.
    pub fn access_expires_at(&self, now: i64, settings: &RefreshSettings) -> i64 {
        let usual = now.saturating_add(micros(settings.jwt_expiry));
        second(self.expires_at(settings).unwrap_or(i64::MAX).min(usual))
    }

    /// Applies a change, as the table must store it.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::None => {}
            Change::Rotate { counter, at } => self.rotate(counter, at),
            Change::StepUp { counter, at } => {
                self.stepped_up_from = Some(self.counter);
                self.rotate(counter, at);
                self.authenticated_at = at;
            }
            Change::Reauthenticate { at } => self.authenticated_at = at,
            Change::Refresh { at } => self.refreshed_at = at,
            Change::CountReuse { reuse_count } => self.reuse_count = reuse_count,
            Change::End { reason } => self.ended = Some(Ended::by(reason.as_str())),
        }
    }

    fn rotate(&mut self, counter: u64, at: i64) {
        self.counter = counter;
        self.refreshed_at = at;
        self.rotated_at = at;
        self.reuse_count = 0;
    }
}
