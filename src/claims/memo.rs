//! The memo of the current claims.
//!
//! The first reader of a statement settles it, and the next reader after a setting changes. Its
//! content may be lost at any time, because everything in it is derived. If the session user
//! changes while a statement runs, the change counts from the next statement, or from the next
//! change of a setting.

use super::cached::{CachedClaims, Status};
use super::source::{self, ClaimsRejected, RawClaims};
use crate::invalidation;
use crate::pg::call::Value;
use crate::pg::unguarded::{self, NEVER};
use crate::pg::{message, retire_list::RetireList, transaction};
use crate::request;
use crate::settings;
use pgrx::pg_sys;
use std::cell::Cell;

/// The claims of this backend, with a decision of type `D` about them.
pub struct Memo<D: 'static> {
    /// The claims. They are hot while they are settled for the rows of a statement and may be
    /// pointed into. If no claims are set, the last ones are kept: a pool's next transaction of the
    /// same user finds them parsed.
    claims: RetireList<CachedClaims<D>>,
    /// True if the claims stay settled until the next message: what is decided about them may be
    /// remembered.
    lasts: Cell<bool>,
    /// True if the claims are revoked; `None` until that is decided for this statement.
    revoked: Cell<Option<bool>>,
    /// The time at which the user last authenticated; `None` until it is looked up for this
    /// statement.
    authenticated_at: Cell<Option<Value>>,
    /// The statement for which the claims are settled.
    settled: Cell<i64>,
    /// True if the source of the claims has changed since they were derived.
    stale: Cell<bool>,
    /// The session user for which the claims were believed (or not).
    session_user: Cell<pg_sys::Oid>,
    ask_again: fn(),
    undecided: fn() -> D,
}

impl<D> Memo<D> {
    /// A memo that has read nothing yet. `undecided` makes the decision for claims that were just
    /// read. `absent` is the decision for no claims. `ask_again` calls [`Memo::ask_again`] of this
    /// memo.
    pub const fn new(absent: D, undecided: fn() -> D, ask_again: fn()) -> Self {
        Self {
            claims: RetireList::new(CachedClaims::absent(absent)),
            lasts: Cell::new(false),
            revoked: Cell::new(None),
            authenticated_at: Cell::new(None),
            settled: Cell::new(NEVER),
            stale: Cell::new(true),
            session_user: Cell::new(pg_sys::InvalidOid),
            ask_again,
            undecided,
        }
    }

    /// Returns `read` of the claims if they are settled for this statement and may be pointed into;
    /// otherwise returns `otherwise`.
    #[inline(always)]
    pub fn hot_or<R>(
        &self,
        read: impl FnOnce(&CachedClaims<D>) -> R,
        otherwise: impl FnOnce() -> R,
    ) -> R {
        self.claims.hot_or(read, otherwise)
    }

    /// Returns true if the claims are revoked; `None` until that is decided for this statement.
    #[inline(always)]
    pub fn revoked(&self) -> Option<bool> {
        self.revoked.get()
    }

    /// Remembers for this statement if the claims are revoked.
    pub fn decided(&self, revoked: bool) {
        if self.lasts.get() {
            self.revoked.set(Some(revoked));
        }
    }

    /// The time at which the user last authenticated; `None` until it is looked up for this
    /// statement.
    #[inline(always)]
    pub fn authenticated_at(&self) -> Option<Value> {
        self.authenticated_at.get()
    }

    /// Remembers for this statement the time at which the user last authenticated.
    pub fn looked_up(&self, authenticated_at: Value) {
        if self.claims.is_hot() {
            self.authenticated_at.set(Some(authenticated_at));
        }
    }

    /// Settles the current claims, and returns `read` of them.
    pub fn with<R>(&'static self, read: impl FnOnce(&CachedClaims<D>) -> R) -> R {
        self.settle();
        self.claims.with_current(read)
    }

    /// Settles the claims once in a statement, and again if a setting changes within it.
    fn settle(&'static self) {
        let now = unguarded::statement_start();
        // Writes of this transaction count from its next command, so each call looks for them.
        if self.settled.get() == now && !invalidation::has_written() {
            return;
        }
        transaction::accept_invalidations();
        let session_user = unguarded::session_user();
        // If no hook of this library sees the setting change, every reader reads the setting again.
        let foreign = request::claims_are_foreign();
        if foreign
            || self.stale.get()
            || self.session_user.get() != session_user
            || !self.claims.with_current(|current| current.holds(now))
        {
            // If an error ends this, no claims are left that could be taken for these: they are
            // derived again.
            self.ask_again();
            self.session_user.set(pg_sys::InvalidOid);
            self.derive(session_user, now);
            self.session_user.set(session_user);
        }
        let (were_read, lends, are_refused) = self.claims.with_current(|current| {
            let unread = matches!(
                current.status,
                Status::Absent | Status::Refused(ClaimsRejected::NotAGateway)
            );
            (!unread, current.lends(), current.rejected().is_some())
        });
        if were_read {
            request::claims_were_read();
        }
        if !foreign {
            self.settled.set(now);
            let lasts =
                lends && !invalidation::has_written() && message::await_next(self.ask_again);
            self.lasts.set(lasts);
            if lasts && are_refused {
                self.revoked.set(Some(true));
            }
            // Readers of claims that are refused take the slow path, where they raise an error.
            if lasts && !(are_refused && settings::refused_claims_are_errors()) {
                self.claims.heat();
            } else {
                self.claims.cool();
            }
        }
    }

    #[cold]
    fn derive(&self, session_user: pg_sys::Oid, now: i64) {
        // This comes before the roles are looked up: a change of a role that arrives meanwhile
        // counts from the next statement, whose first reader finds the mark.
        self.stale.set(false);
        source::with_set(session_user, |raw| match raw {
            None => self.claims.unset(),
            Some(raw) => self.set(&raw, now),
        });
    }

    fn set(&self, raw: &RawClaims<'_>, now: i64) {
        let is_known = |last: &CachedClaims<D>| last.is_from(raw) && last.holds(now);
        if !self.claims.set_last_if(is_known) {
            let lend = self.claims.may_lend();
            let read = CachedClaims::new(raw, (self.undecided)(), now, lend);
            self.claims.set(read, lend);
        }
    }

    /// Notes that a setting has changed that the claims depend on. Hooks call this, so it touches
    /// nothing else.
    pub fn changed(&self) {
        self.stale.set(true);
        self.ask_again();
    }

    /// Notes that a role has changed, here or elsewhere. The change counts from the next statement.
    pub fn roles_changed(&self) {
        self.stale.set(true);
    }

    /// Makes the next reader settle the claims again.
    pub fn ask_again(&self) {
        self.claims.cool();
        self.lasts.set(false);
        self.revoked.set(None);
        self.authenticated_at.set(None);
        self.settled.set(NEVER);
    }

    /// Calls `each` with every decision that is kept.
    pub fn decisions(&self, each: impl Fn(&D)) {
        self.claims.each(|claims| each(&claims.decision));
    }

    /// Releases what earlier claims of the transaction occupied.
    pub fn end_of_transaction(&self) {
        self.claims.end_of_transaction();
    }
}
