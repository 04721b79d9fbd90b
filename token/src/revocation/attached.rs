//! The verdict of attached tables: users and sessions whose rows others write.

use super::{Judge, RevocationReason};

/// A user's row. Times are microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserRow {
    /// Marked as deleted.
    pub deleted: bool,
    /// The end of the ban; `None` is not banned.
    pub banned_until: Option<i64>,
    /// Flagged `access_revoked` in its metadata.
    pub access_revoked: bool,
}

/// A session's row. Times are microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// When it ends; `None` is never.
    pub not_after: Option<i64>,
}

/// The caller must have asked [`Judge::is_of_issuer`] if the table concerns the claims.
impl Judge<'_> {
    /// Weighs the user's row of one attached table; `None`, no row, is no access.
    pub fn user_row(&mut self, row: Option<&UserRow>) {
        let Some(row) = row else {
            self.verdict.missed = true;
            return self.found(RevocationReason::UserDeleted);
        };
        if row.access_revoked {
            self.found(RevocationReason::User);
        }
        if row.deleted {
            self.found(RevocationReason::UserDeleted);
        }
        if row.banned_until.is_some_and(|until| self.now < until) {
            self.changes_at(row.banned_until);
            self.found(RevocationReason::UserBanned);
        }
    }

    /// Weighs the session's row of one attached table; `None`, no row, is no access.
    pub fn session_row(&mut self, row: Option<&SessionRow>) {
        let Some(row) = row else {
            self.verdict.missed = true;
            return self.found(RevocationReason::SessionEnded);
        };
        self.ends_at(row.not_after);
    }

    /// Notes that one more row of the user or the session was looked for in vain, under another
    /// spelling of its key. The row may arrive.
    pub fn may_appear(&mut self) {
        self.verdict.missed = true;
    }

    /// Notes that an attached table cannot be read: nobody whom it concerns has access.
    pub fn broken_source(&mut self) {
        self.found(RevocationReason::SourceBroken);
    }

    /// Notes that a row was read in a table without triggers that report changes: the verdict is
    /// for this instant only.
    pub fn changes_unseen(&mut self) {
        self.verdict.valid_until = i64::MIN;
    }
}
