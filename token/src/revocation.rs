//! The decision whether claims are revoked, as a pure function of the claims, the entries and the
//! time.
//!
//! The caller looks entries up by kind and key and hands them to a [`Judge`], in any order.

mod attached;

pub use attached::{SessionRow, UserRow};

use crate::claims::Claims;
use crate::time::{MICROS_PER_SECOND, second};

/// What an entry is about: the column `kind` of `authguard.revocation`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// One token, by `jti`.
    Token,
    /// All tokens of a session, by `session_id`.
    Session,
    /// All tokens of a user, by `sub`.
    User,
    /// What the tokens of a user say about it, by `sub`: a cut-off, and signing in again is not
    /// needed.
    Claims,
    /// All tokens, of one issuer or of every issuer.
    Issuer,
}

impl EntryKind {
    /// The word that the table holds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::User => "user",
            Self::Claims => "claims",
            Self::Issuer => "issuer",
        }
    }
}

/// One row of `authguard.revocation` whose kind and key are those of the claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// What the entry is about.
    pub kind: EntryKind,
    /// `None` is every issuer, `""` is tokens without `iss`, anything else is that issuer, byte by
    /// byte.
    pub issuer: Option<&'a str>,
    /// Of a user: shut out, whenever the token was issued.
    pub blocked: bool,
    /// When `blocked` ends, microseconds; `None` is never.
    pub blocked_until: Option<i64>,
    /// Of a user, its claims or an issuer: the cut-off for `iat`, microseconds; `None` is none.
    pub issued_before: Option<i64>,
    /// Of an issuer: the cut-off also covers tokens with neither `sub` nor `session_id`.
    pub include_keys: bool,
}

/// Why claims are revoked. The order is the precedence: of several reasons the first is given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RevocationReason {
    /// The claims are refused. Never given by a [`Judge`], which sees accepted claims only.
    Refused,
    /// Past `exp` plus leeway.
    Expired,
    /// `app_metadata.access_revoked` says so.
    Claim,
    /// An entry covers the token.
    Token,
    /// An entry covers the session.
    Session,
    /// The session has ended, or there is none: of our own, or in an attached table.
    SessionEnded,
    /// The session is past its time.
    SessionExpired,
    /// An entry covers the user, or its row in an attached table is flagged.
    User,
    /// The user's row in an attached table is gone, or marked as deleted.
    UserDeleted,
    /// The user's row in an attached table says that it is banned.
    UserBanned,
    /// The user's row has changed since the token was issued.
    ClaimsStale,
    /// An entry covers the issuer.
    Issuer,
    /// An attached table cannot be read any more.
    SourceBroken,
    /// The database is a copy that nobody has acknowledged. Never given by a [`Judge`].
    Restored,
    /// The standby is too far behind. Never given by a [`Judge`].
    ReplicaLag,
}

impl RevocationReason {
    /// The word that `auth.revocation_reason()` gives.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Claim => "claim",
            Self::Token => "token",
            Self::Session => "session",
            Self::SessionEnded => "session_ended",
            Self::SessionExpired => "session_expired",
            Self::User => "user",
            Self::UserDeleted => "user_deleted",
            Self::UserBanned => "user_banned",
            Self::ClaimsStale => "claims_stale",
            Self::Issuer => "issuer",
            Self::SourceBroken => "source_broken",
            Self::Restored => "restored",
            Self::ReplicaLag => "replica_lag",
        }
    }
}

/// A session that this database issued, as its row says. Times are microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnSession {
    /// When the user signed in.
    pub began: i64,
    /// When the user last proved who it is.
    pub authenticated_at: Option<i64>,
    /// Whether it has ended.
    pub has_ended: bool,
    /// When time ends it; `None` is never.
    pub ends_at: Option<i64>,
}

/// What a [`Judge`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Why the claims are revoked; `None` when they are not.
    pub reason: Option<RevocationReason>,
    /// Before this instant (microseconds) time alone does not change the reason; `i64::MAX` is
    /// never.
    pub valid_until: i64,
    /// Whether a row was looked for in vain: one that appears changes the verdict.
    pub missed: bool,
}

/// Whether the claims are past `exp` plus leeway; `None` without `exp`.
///
/// `now` is microseconds, `leeway_seconds` is seconds. The instant itself is past (RFC 7519 section
/// 4.1.4: "on or after").
pub fn expired(claims: &Claims, now: i64, leeway_seconds: i64) -> Option<bool> {
    Some(now >= end_of_life(claims, leeway_seconds)?)
}

/// When claims expire, leeway included; microseconds. `None` without `exp`.
pub fn end_of_life(claims: &Claims, leeway_seconds: i64) -> Option<i64> {
    let leeway = leeway_seconds.saturating_mul(MICROS_PER_SECOND);
    Some(claims.expires_at?.saturating_add(leeway))
}

/// Judges one set of claims at one instant, entry by entry.
///
/// ```
/// # use authguard_token::{Claims, Entry, Judge, EntryKind, RevocationReason};
/// let claims = Claims::parse(r#"{"sub": "alice", "iat": 1700000000}"#).unwrap();
/// let mut judge = Judge::new(&claims, 1_700_000_100_000_000, 30);
/// judge.entry(&Entry {
///     kind: EntryKind::User,
///     issuer: None,
///     blocked: true,
///     blocked_until: None,
///     issued_before: None,
///     include_keys: false,
/// });
/// assert_eq!(judge.verdict().reason, Some(RevocationReason::User));
/// ```
#[derive(Clone, Debug)]
pub struct Judge<'c> {
    claims: &'c Claims,
    now: i64,
    verdict: Verdict,
    /// When the session began, if it is one of our own.
    began: Option<i64>,
    /// When its user last proved who it is.
    authenticated_at: Option<i64>,
}

impl<'c> Judge<'c> {
    /// Starts with what the claims themselves say. Units as in [`expired`].
    pub fn new(claims: &'c Claims, now: i64, leeway_seconds: i64) -> Self {
        let end = end_of_life(claims, leeway_seconds);
        let verdict = match end {
            Some(end) if now >= end => Verdict {
                reason: Some(RevocationReason::Expired),
                valid_until: i64::MAX,
                missed: false,
            },
            _ => Verdict {
                reason: claims.access_revoked.then_some(RevocationReason::Claim),
                valid_until: end.unwrap_or(i64::MAX),
                missed: false,
            },
        };
        Self {
            claims,
            now,
            verdict,
            began: None,
            authenticated_at: None,
        }
    }

    /// Weighs the session of our own that the claims name: no row, no access. To be called before
    /// the entries, because a session that began after a cut-off is not cut off.
    pub fn session(&mut self, session: Option<&OwnSession>) {
        let Some(session) = session else {
            self.verdict.missed = true;
            return self.found(RevocationReason::SessionEnded);
        };
        self.began = Some(session.began);
        self.authenticated_at = session.authenticated_at.max(self.began);
        if session.has_ended {
            self.found(RevocationReason::SessionEnded);
        } else {
            self.ends_at(session.ends_at);
        }
    }

    /// A session ends then.
    fn ends_at(&mut self, end: Option<i64>) {
        let end = end.unwrap_or(i64::MAX);
        if self.now >= end {
            self.found(RevocationReason::SessionExpired);
        } else {
            self.verdict.valid_until = self.verdict.valid_until.min(end);
        }
    }

    /// Of several reasons the first in their order stands.
    fn found(&mut self, reason: RevocationReason) {
        let first = self
            .verdict
            .reason
            .map_or(reason, |other| other.min(reason));
        self.verdict.reason = Some(first);
    }

    /// Weighs one entry. Its kind and key are those of the claims; its issuer is compared here.
    pub fn entry(&mut self, entry: &Entry<'_>) {
        if self.settled() || !self.is_of_issuer(entry.issuer) {
            return;
        }
        let reason = match entry.kind {
            EntryKind::Token => RevocationReason::Token,
            EntryKind::Session => RevocationReason::Session,
            EntryKind::User
                if self.is_blocked(entry) || self.is_cut_off(entry, self.authenticated_at) =>
            {
                RevocationReason::User
            }
            EntryKind::Issuer if self.is_cut_off(entry, self.began) && self.is_in_reach(entry) => {
                RevocationReason::Issuer
            }
            EntryKind::Claims if self.is_cut_off(entry, self.began) => {
                RevocationReason::ClaimsStale
            }
            EntryKind::User | EntryKind::Claims | EntryKind::Issuer => return,
        };
        self.found(reason);
    }

    /// Whether no entry can change the verdict any more, so that further look-ups may be skipped.
    pub fn settled(&self) -> bool {
        self.verdict
            .reason
            .is_some_and(|reason| reason <= RevocationReason::Token)
    }

    /// The verdict over all entries so far.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether what is for `issuer` (as in [`Entry::issuer`]) concerns the claims.
    pub fn is_of_issuer(&self, issuer: Option<&str>) -> bool {
        // `iss` is never empty, so '' can stand for its absence.
        issuer.is_none_or(|issuer| issuer == self.claims.issuer.as_deref().unwrap_or_default())
    }

    /// Also notes when the block ends, as time then changes the verdict.
    fn is_blocked(&mut self, entry: &Entry<'_>) -> bool {
        entry.blocked && self.is_before(entry.blocked_until.unwrap_or(i64::MAX))
    }

    /// Whether it is not yet `until`; notes when it will be.
    fn is_before(&mut self, until: i64) -> bool {
        let before = self.now < until;
        if before {
            self.verdict.valid_until = self.verdict.valid_until.min(until);
        }
        before
    }

    /// Compares whole seconds, as `iat` has no finer ones: a token of the cut-off's own second may
    /// be older than the cut-off, and counts as such. A token that does not say when it was issued
    /// too. The row of a session of our own says it better: what happened there (`since`) after the
    /// cut-off wins. For a cut-off of an issuer that is its begin. For one of a user it is also a
    /// later proof of who the user is, so that a change of credentials can keep the session that it
    /// was made in.
    fn is_cut_off(&self, entry: &Entry<'_>, since: Option<i64>) -> bool {
        entry.issued_before.is_some_and(|cutoff| {
            since.is_none_or(|since| since <= cutoff)
                && self
                    .claims
                    .issued_at
                    .is_none_or(|issued| second(issued) <= second(cutoff))
        })
    }

    /// A cut-off of an issuer leaves keys of services alone, unless it says otherwise.
    fn is_in_reach(&self, entry: &Entry<'_>) -> bool {
        entry.include_keys || self.claims.subject.is_some() || self.claims.session_id.is_some()
    }
}
