//! The answer of a refresh, and the change of the session's row.

use crate::event::Event;
use crate::words::word_list;

word_list! {
    /// The `status` that `auth.refresh`, `authguard.sign_in` and `authguard.step_up` return.
    pub enum Answer {
        /// New tokens.
        Ok = "ok",
        /// A new access token and the current refresh token: another tab, or a lost answer.
        Reused = "reused",
        /// The token was superseded: it or its successor was stolen. The session ends.
        AlreadyUsed = "refresh_token_already_used",
        /// The text is no refresh token of this database. Never given by [`decide`](super::decide),
        /// which sees verified tokens only.
        Invalid = "invalid",
        /// The session's row is missing. Never given by [`decide`](super::decide), which sees a
        /// row.
        NotFound = "not_found",
        /// The session had ended.
        SessionRevoked = "session_revoked",
        /// The session is past its time.
        SessionExpired = "session_expired",
        /// The token was superseded by a step-up just now: no tokens, and nothing ends.
        SteppedUp = "stepped_up",
        /// The user is shut out. Never given by [`decide`](super::decide): the entries say so.
        UserBlocked = "user_blocked",
        /// The database is older than the token. The session ends.
        StateLost = "state_lost",
        /// The row's lock could not be had in time. Never given by [`decide`](super::decide).
        Busy = "busy",
    }
}

impl Answer {
    /// Returns true if tokens are handed out: an access token, and the refresh token of the row's
    /// counter.
    pub const fn gives_tokens(self) -> bool {
        matches!(self, Self::Ok | Self::Reused)
    }
}

/// The change of the row. [`RefreshState::apply`](super::RefreshState::apply) says which columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing: nothing is written.
    None,
    /// The refresh token moves to the next one. This is a refresh, too.
    Rotate {
        /// The counter.
        counter: u64,
        /// The time, microseconds.
        at: i64,
    },
    /// As `Rotate`, and a proof of who the user is. The refresh token from before does not take the
    /// higher level.
    StepUp {
        /// The counter.
        counter: u64,
        /// The time, microseconds.
        at: i64,
    },
    /// A refresh that leaves the refresh token as it is.
    Refresh {
        /// The time, microseconds.
        at: i64,
    },
    /// The token before the current one was answered once more. No refresh: time does not move.
    CountReuse {
        /// The number of times, this one included.
        reuse_count: u32,
    },
    /// The user has proved once more who it is. No refresh.
    Reauthenticate {
        /// The time, microseconds.
        at: i64,
    },
    /// The session ends. This must commit, whatever the answer.
    End {
        /// The reason.
        reason: EndReason,
    },
}

word_list! {
    /// The reason why a session has ended: the column `ended_reason` of `authguard.session`.
    pub enum EndReason {
        /// A user or an operator signed it out.
        SignedOut = "signed_out",
        /// An entry or a cut-off revoked it.
        Revoked = "revoked",
        /// A superseded refresh token was used.
        Reuse = "reuse",
        /// The database is older than a refresh token.
        StateLost = "state_lost",
        /// The user signed in again with the same tag.
        Replaced = "replaced",
        /// The user has new credentials.
        Credentials = "credentials",
        /// The user was shut out.
        Blocked = "blocked",
        /// It is past its time.
        Expired = "expired",
    }
}

impl EndReason {
    /// Returns the event that is recorded when a session ends for this reason.
    pub const fn event(self) -> Event {
        match self {
            Self::Reuse => Event::RefreshTokenReused,
            _ => Event::SignedOut,
        }
    }
}

/// A decision: the answer and the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefreshDecision {
    /// The answer.
    pub answer: Answer,
    /// The change.
    pub change: Change,
}

#[cfg(test)]
mod tests {
    use super::EndReason;
    use crate::event::Event;

    #[test]
    fn only_theft_has_an_event_of_its_own() {
        for reason in EndReason::ALL {
            let is_theft = reason == EndReason::Reuse;
            assert_eq!(reason.event() == Event::RefreshTokenReused, is_theft);
            assert_eq!(reason.event() == Event::SignedOut, !is_theft);
        }
    }
}
