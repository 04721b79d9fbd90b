//! The decision if claims are revoked: a pure function of the claims, the entries and the time.
//!
//! The caller looks entries up by kind and key and hands them to a [`Judge`], in any order.

mod attached;

pub use attached::{SessionRow, UserRow};

use crate::claims::Claims;
use crate::policy::MAX_LEEWAY_SECONDS;
use crate::time::{MICROS_PER_SECOND, second};
use crate::words::word_list;

/// The longest reason of an entry or an event, in bytes.
pub const MAX_REASON_BYTES: usize = 1024;

word_list! {
    /// The subject of an entry: the column `kind` of `authguard.revocation`.
    pub enum EntryKind {
        /// One token, by `jti`.
        Token = "token",
        /// All tokens of a session, as the issuer names it.
        Session = "session",
        /// All tokens of a user, by `sub`.
        User = "user",
        /// The claims about a user in its tokens, by `sub`. Only a cut-off: a refresh is enough.
        Claims = "claims",
        /// All tokens, of one issuer or of every issuer.
        Issuer = "issuer",
        /// All tokens of a client (OAuth 2.0), whoever the user is.
        Client = "client",
        /// All tokens of a client for one user, by `sub`: what the user has granted it.
        Grant = "grant",
    }
}

/// One row of `authguard.revocation` whose kind and key are those of the claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The kind of the entry.
    pub kind: EntryKind,
    /// `None` is every issuer, `""` is tokens without `iss`, anything else is that issuer, byte by
    /// byte.
    pub issuer: Option<&'a str>,
    /// For a grant: the client, in canonical form.
    pub client: Option<&'a str>,
    /// For a user, a client or a grant: true if it is shut out, whenever the token was issued.
    pub blocked: bool,
    /// When `blocked` ends, microseconds; `None` is never.
    pub blocked_until: Option<i64>,
    /// For all but tokens and sessions: the cut-off for `iat`, microseconds; `None` is none.
    pub issued_before: Option<i64>,
    /// For an issuer: true if the cut-off also covers tokens with neither `sub` nor a session.
    pub include_keys: bool,
}

word_list! {
    /// The reason why claims are revoked: the word that `auth.revocation_reason()` returns. The
    /// order is the precedence: if there are several reasons, the first is given.
    pub enum RevocationReason {
        /// The claims are refused. Never given by a [`Judge`], which sees accepted claims only.
        Refused = "refused",
        /// The token is at or past `exp` plus leeway.
        Expired = "expired",
        /// `app_metadata.access_revoked` says so.
        Claim = "claim",
        /// An entry covers the token.
        Token = "token",
        /// An entry covers the session.
        Session = "session",
        /// The session has ended, or its row is missing: of the local issuer, or in an attached
        /// table.
        SessionEnded = "session_ended",
        /// The session is past its time.
        SessionExpired = "session_expired",
        /// The user is blocked by an entry, or flagged in its row in an attached table.
        User = "user",
        /// A cut-off of the user covers the token: the user may sign in again.
        UserCutOff = "user_cut_off",
        /// The user's row in an attached table is missing, or marked as deleted.
        UserDeleted = "user_deleted",
        /// The user's row in an attached table says that it is banned.
        UserBanned = "user_banned",
        /// The user's row has changed since the token was issued.
        ClaimsStale = "claims_stale",
        /// A cut-off of the issuer, or of every issuer, covers the token.
        IssuerCutOff = "issuer_cut_off",
        /// An entry of the client covers the token: for every user, or for this one.
        Client = "client",
        /// An attached table cannot be read any more.
        SourceBroken = "source_broken",
        /// The database is a copy that nobody has acknowledged. Never given by a [`Judge`].
        Restored = "restored",
        /// The standby is too far behind. Never given by a [`Judge`].
        ReplicaLag = "replica_lag",
    }
}

impl Entry<'_> {
    /// Returns true if the entry shuts its user out at `now` (microseconds), whenever the token was
    /// issued. The end of the block itself is free.
    pub fn blocks(&self, now: i64) -> bool {
        self.blocked && self.blocked_until.is_none_or(|until| now < until)
    }

    /// Returns true if the cut-off covers a session whose deciding moment was `since`
    /// (microseconds): its begin or, for a cut-off of its user, the last proof of who the user is.
    pub fn cuts_off(&self, since: i64) -> bool {
        self.issued_before.is_some_and(|cutoff| since <= cutoff)
    }

    /// Returns true if the cut-off covers a token with this `iat` (microseconds; `None` is absent),
    /// whose issuer's clock may be up to `skew` seconds ahead of the clock of the cut-off.
    ///
    /// Compares whole seconds, because `iat` has no finer ones: a token of the cut-off's own second
    /// may be older than the cut-off, and counts as such. So does a token without `iat`.
    ///
    /// ```
    /// # use authguard_token::{Entry, EntryKind};
    /// let entry = Entry {
    ///     kind: EntryKind::User,
    ///     issuer: None,
    ///     client: None,
    ///     blocked: false,
    ///     blocked_until: None,
    ///     issued_before: Some(100_500_000),
    ///     include_keys: false,
    /// };
    /// assert!(entry.cuts_off_token(Some(100_900_000), 0));
    /// assert!(!entry.cuts_off_token(Some(101_000_000), 0));
    /// assert!(entry.cuts_off_token(Some(130_900_000), 30));
    /// assert!(!entry.cuts_off_token(Some(131_000_000), 30));
    /// ```
    pub fn cuts_off_token(&self, issued_at: Option<i64>, skew: i64) -> bool {
        self.issued_before.is_some_and(|cutoff| {
            let latest = second(cutoff).saturating_add(skew);
            issued_at.is_none_or(|issued| second(issued) <= latest)
        })
    }
}

/// Returns the instant from which no server accepts a token with this `exp`, whatever its leeway:
/// an entry that is only about the token can then be forgotten. Microseconds.
pub const fn expiry_with_leeway(expires_at: i64) -> i64 {
    expires_at.saturating_add(MAX_LEEWAY_SECONDS.saturating_mul(MICROS_PER_SECOND))
}

/// Returns the instant from which no server accepts a token that exists at `now` (microseconds) and
/// lives at most `max_lifetime` seconds; `None` if that is 0, which means unknown. The clock of its
/// issuer may be ahead, by as much as a leeway.
pub fn latest_expiry(now: i64, max_lifetime: u32) -> Option<i64> {
    let lifetime = i64::from(max_lifetime).saturating_mul(MICROS_PER_SECOND);
    (lifetime > 0).then(|| expiry_with_leeway(expiry_with_leeway(now.saturating_add(lifetime))))
}

/// A session that this database issued, as its row says. Times are microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnSession {
    /// When the user signed in.
    pub began: i64,
    /// When the user last proved who it is.
    pub authenticated_at: Option<i64>,
    /// True if it has ended.
    pub has_ended: bool,
    /// When time ends it; `None` is never.
    pub ends_at: Option<i64>,
}

/// The finding of a [`Judge`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The reason why the claims are revoked; `None` if they are not.
    pub reason: Option<RevocationReason>,
    /// Before this instant (microseconds) time alone does not change the reason; `i64::MAX` is
    /// never.
    pub valid_until: i64,
    /// True if a row was looked for in vain: if it appears, the verdict changes.
    pub missed: bool,
}

/// Returns true if the claims are past `exp` plus leeway; `None` without `exp`.
///
/// `now` is microseconds, `leeway_seconds` is seconds. The instant itself is past (RFC 7519 section
/// 4.1.4: "on or after").
pub fn expired(claims: &Claims, now: i64, leeway_seconds: i64) -> Option<bool> {
    Some(now >= end_of_life(claims, leeway_seconds)?)
}

/// Returns when claims expire, leeway included, in microseconds; `None` without `exp`.
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
///     client: None,
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
    /// When the session began, if it is one of the local issuer.
    began: Option<i64>,
    /// When its user last proved who it is.
    authenticated_at: Option<i64>,
    /// By how many seconds the clock of the token's issuer may be ahead.
    skew: i64,
    /// True if a cut-off covers the token only because of that.
    depends_on_skew: bool,
}

impl<'c> Judge<'c> {
    /// Starts with the verdict of the claims themselves. Units as in [`expired`]. The clock of the
    /// token's issuer may differ by as much as the leeway.
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
            skew: leeway_seconds.clamp(0, MAX_LEEWAY_SECONDS),
            depends_on_skew: false,
        }
    }

    /// Narrows by how many seconds the clock of the token's issuer may be ahead. Must be called
    /// before the entries.
    pub fn narrow_skew(&mut self, seconds: i64) {
        self.skew = self.skew.min(seconds.max(0));
    }

    /// Returns true if the verdict may be another one with a narrower skew.
    pub fn depends_on_skew(&self) -> bool {
        self.depends_on_skew
    }

    /// Weighs the session of the local issuer that the claims name; `None`, no row, is no access.
    /// Must be called before the entries, because a session that began after a cut-off is not cut
    /// off.
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

    /// Weighs the end of a session; `None` is never.
    fn ends_at(&mut self, end: Option<i64>) {
        if end.is_some_and(|end| self.now >= end) {
            self.found(RevocationReason::SessionExpired);
        } else {
            self.changes_at(end);
        }
    }

    /// Notes a reason. If there are several, the first in their order stands.
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
            EntryKind::User if self.is_blocked(entry) => RevocationReason::User,
            EntryKind::User if self.is_cut_off(entry, self.authenticated_at) => {
                RevocationReason::UserCutOff
            }
            EntryKind::Issuer if self.is_in_reach(entry) && self.is_cut_off(entry, self.began) => {
                RevocationReason::IssuerCutOff
            }
            EntryKind::Claims if self.is_stale(entry) => RevocationReason::ClaimsStale,
            EntryKind::Client if self.is_shut(entry) => RevocationReason::Client,
            EntryKind::Grant if self.is_of_client(entry) && self.is_shut(entry) => {
                RevocationReason::Client
            }
            EntryKind::User
            | EntryKind::Claims
            | EntryKind::Issuer
            | EntryKind::Client
            | EntryKind::Grant => return,
        };
        self.found(reason);
    }

    /// Returns true if no entry can change the verdict any more: further look-ups may be skipped.
    pub fn settled(&self) -> bool {
        self.verdict
            .reason
            .is_some_and(|reason| reason <= RevocationReason::Token)
    }

    /// Returns the verdict over all entries so far.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns true if an entry or a table for `issuer` (as in [`Entry::issuer`]) concerns the
    /// claims.
    pub fn is_of_issuer(&self, issuer: Option<&str>) -> bool {
        // `iss` is never empty, so '' can stand for its absence.
        issuer.is_none_or(|issuer| issuer == self.claims.issuer.as_deref().unwrap_or_default())
    }

    /// Also notes when the block ends, because time then changes the verdict.
    fn is_blocked(&mut self, entry: &Entry<'_>) -> bool {
        let blocks = entry.blocks(self.now);
        if blocks {
            self.changes_at(entry.blocked_until);
        }
        blocks
    }

    /// Returns true if the entry of a client shuts it out, or its cut-off covers the token. The
    /// client gets its tokens from its issuer, so a session's begin says nothing.
    fn is_shut(&mut self, entry: &Entry<'_>) -> bool {
        self.is_blocked(entry) || self.is_issued_before(entry)
    }

    /// Returns true if a grant is that of a client of the token. One without a client is any.
    fn is_of_client(&self, entry: &Entry<'_>) -> bool {
        let is_of = |revoked| self.claims.client_keys().any(|client| client == revoked);
        entry.client.is_none_or(is_of)
    }

    /// Notes when time changes the verdict; `None` is never.
    fn changes_at(&mut self, instant: Option<i64>) {
        let instant = instant.unwrap_or(i64::MAX);
        self.verdict.valid_until = self.verdict.valid_until.min(instant);
    }

    /// For a local session only its row decides: the session goes on if what happened there
    /// (`since`) is later than the cut-off. For a cut-off of an issuer that is its begin. For one
    /// of a user it is also a later proof of who the user is, so that a change of credentials can
    /// keep the session that it was made in.
    fn is_cut_off(&mut self, entry: &Entry<'_>, since: Option<i64>) -> bool {
        match since {
            Some(since) => entry.cuts_off(since),
            None => self.is_issued_before(entry),
        }
    }

    /// A session that began after the change has the new claims. In an earlier session only the
    /// token says if it is older than the change: this database's clock has dated both.
    fn is_stale(&mut self, entry: &Entry<'_>) -> bool {
        match self.began {
            Some(began) => entry.cuts_off(began) && entry.cuts_off_token(self.claims.issued_at, 0),
            None => self.is_issued_before(entry),
        }
    }

    /// Another clock has dated the token.
    fn is_issued_before(&mut self, entry: &Entry<'_>) -> bool {
        let issued_at = self.claims.issued_at;
        let covers = entry.cuts_off_token(issued_at, self.skew);
        self.depends_on_skew |= covers && !entry.cuts_off_token(issued_at, 0);
        covers
    }

    /// A cut-off of an issuer leaves keys of services alone, unless it says otherwise.
    fn is_in_reach(&self, entry: &Entry<'_>) -> bool {
        entry.include_keys || self.claims.subject.is_some() || self.claims.session.is_some()
    }
}
