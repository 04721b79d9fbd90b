//! What a refresh answers, and what it changes in the session's row.

/// The word that `auth.refresh` gives as `status`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// New tokens.
    Ok,
    /// A new access token and the current refresh token: another tab, or a lost answer.
    Reused,
    /// Not a token of ours. Never given by [`decide`](super::decide), which sees verified tokens
    /// only.
    Invalid,
    /// There is no such session. Never given by [`decide`](super::decide), which sees a row.
    NotFound,
    /// The session is past its time.
    SessionExpired,
    /// The session ended before.
    SessionRevoked,
    /// The user is shut out. Never given by [`decide`](super::decide): the entries say so.
    UserBlocked,
    /// The token was superseded: it was stolen, or its successor was. The session ends.
    AlreadyUsed,
    /// The token was superseded by a step-up just now: no tokens, and nothing ends.
    SteppedUp,
    /// The database is older than the token. The session ends.
    StateLost,
    /// The row's lock could not be had in time. Never given by [`decide`](super::decide).
    Busy,
}

impl Answer {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Reused => "reused",
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::SessionExpired => "session_expired",
            Self::SessionRevoked => "session_revoked",
            Self::UserBlocked => "user_blocked",
            Self::AlreadyUsed => "refresh_token_already_used",
            Self::SteppedUp => "stepped_up",
            Self::StateLost => "state_lost",
            Self::Busy => "busy",
        }
    }

    /// Whether tokens are handed out: an access token, and the refresh token of the row's counter.
    pub const fn gives_tokens(self) -> bool {
        matches!(self, Self::Ok | Self::Reused)
    }
}

/// What changes in the row. [`RefreshState::apply`](super::RefreshState::apply) says which columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing: nothing is written.
    None,
    /// The next refresh token. Also a refresh.
    Rotate {
        /// The counter.
        counter: u64,
        /// When, microseconds.
        at: i64,
    },
    /// As `Rotate`, and the token before it shall not take the higher level.
    StepUp {
        /// The counter.
        counter: u64,
        /// When, microseconds.
        at: i64,
    },
    /// A refresh that leaves the refresh token as it is.
    Refresh {
        /// When, microseconds.
        at: i64,
    },
    /// The token before the current one was answered once more. No refresh: time does not move.
    CountReuse {
        /// How often now.
        reuse_count: u32,
    },
    /// The session ends. This must commit, whatever the answer.
    End {
        /// Why.
        reason: EndReason,
    },
}

/// Why a refresh ends a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndReason {
    /// It is past its time.
    Expired,
    /// A superseded token was used.
    Reuse,
    /// The database is older than a token.
    StateLost,
}

impl EndReason {
    /// The word that the row holds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Reuse => "reuse",
            Self::StateLost => "state_lost",
        }
    }
}

/// What to answer, and what to change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefreshDecision {
    /// The answer.
    pub answer: Answer,
    /// The change.
    pub change: Change,
}
