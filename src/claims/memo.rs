//! The memo of the current claims. It is settled by the first reader of a statement, and again when a
//! setting changes. It may be lost at any time: everything in it is derived. If the session user
//! changes while a statement runs, that counts from the next one, or from the next change of the
//! setting.

use super::cached::{CachedClaims, Status};
use super::source::{self, ClaimsRejected};
use crate::invalidation;
use crate::pg::call::Value;
use crate::pg::unguarded::{self, NEVER};
use crate::pg::{message, retire_list::RetireList, transaction};
use crate::request::{self, seal};
use pgrx::pg_sys;
use std::cell::Cell;

/// The claims of this backend, with a decision of type `D` about them.
pub struct Memo<D: 'static> {
    /// The claims for the rows of this statement: settled, and may be pointed into. `None` if a reader
    /// must ask first.
    hot: Cell<Option<&'static CachedClaims<D>>>,
    /// Whether those claims are revoked, once that is decided for this statement.
    revoked: Cell<Option<bool>>,
    /// When their user last authenticated, once that is looked up for this statement.
    authenticated_at: Cell<Option<Value>>,
    /// The statement for which `current` is settled.
    settled: Cell<i64>,
    /// `None` is absent.
    current: Cell<Option<&'static CachedClaims<D>>>,
    absent: CachedClaims<D>,
    /// Whether what the claims came from has changed since.
    stale: Cell<bool>,
    /// The session user that they were believed (or not) for.
    session_user: Cell<pg_sys::Oid>,
    /// The claims last set; kept while absent, so that a pool's next transaction of the same user
    /// finds them parsed.
    last_set: RetireList<CachedClaims<D>>,
    ask_again: fn(),
    undecided: fn() -> D,
}

impl<D> Memo<D> {
    /// A memo that has read nothing yet. `undecided` makes the decision of claims that were just read,
    /// and `absent` is that of no claims; `ask_again` calls [`Memo::ask_again`] of this memo.
    pub const fn new(absent: D, undecided: fn() -> D, ask_again: fn()) -> Self {
        Self {
            hot: Cell::new(None),
            revoked: Cell::new(None),
            authenticated_at: Cell::new(None),
            settled: Cell::new(NEVER),
            current: Cell::new(None),
            absent: CachedClaims::absent(absent),
            stale: Cell::new(true),
            session_user: Cell::new(pg_sys::InvalidOid),
            last_set: RetireList::new(),
            ask_again,
            undecided,
        }
    }

    /// The claims, if they are settled for this statement and may be pointed into.
    #[inline(always)]
    pub fn hot(&'static self) -> Option<&'static CachedClaims<D>> {
        self.hot.get()
    }

    /// Whether the claims are revoked, if that is decided for this statement.
    #[inline(always)]
    pub fn revoked(&self) -> Option<bool> {
        self.revoked.get()
    }

    /// Remembers for this statement whether the claims are revoked.
    pub fn decided(&self, revoked: bool) {
        if self.hot.get().is_some() {
            self.revoked.set(Some(revoked));
        }
    }

    /// When the user last authenticated, if that is looked up for this statement.
    #[inline(always)]
    pub fn authenticated_at(&self) -> Option<Value> {
        self.authenticated_at.get()
    }

    /// Remembers that for this statement.
    pub fn looked_up(&self, authenticated_at: Value) {
        if self.hot.get().is_some() {
            self.authenticated_at.set(Some(authenticated_at));
        }
    }

    /// The current claims. They are settled once a statement, and again when a setting changes within it.
    pub fn load(&'static self) -> &'static CachedClaims<D> {
        let now = unguarded::statement_start();
        // What this transaction writes counts from its next command, so each call looks for it.
        if self.settled.get() == now && !invalidation::has_written() {
            return self.current();
        }
        transaction::accept_invalidations();
        let session_user = unguarded::session_user();
        // If no hook of this library sees the setting change, every reader reads it again.
        let foreign = request::claims_are_foreign();
        if foreign
            || self.stale.get()
            || self.session_user.get() != session_user
            || !self.current().holds(now)
        {
            // An error on the way leaves no claims that could be taken for these: they are derived again.
            self.ask_again();
            self.session_user.set(pg_sys::InvalidOid);
            self.current.set(self.derive(session_user, now));
            self.session_user.set(session_user);
        }
        let current = self.current();
        if !matches!(
            current.status,
            Status::Absent | Status::Refused(ClaimsRejected::NotAGateway)
        ) {
            seal::read();
        }
        if !foreign {
            self.settled.set(now);
            let hot = current.lends()
                && !invalidation::has_written()
                && message::await_next(self.ask_again);
            self.hot.set(hot.then_some(current));
        }
        current
    }

    fn current(&'static self) -> &'static CachedClaims<D> {
        self.current.get().unwrap_or(&self.absent)
    }

    /// `None` is absent.
    #[cold]
    fn derive(
        &'static self,
        session_user: pg_sys::Oid,
        now: i64,
    ) -> Option<&'static CachedClaims<D>> {
        let source = loop {
            // Marked before the source is read: looking roles up can accept an invalidation, and then
            // what was read may be older than it.
            self.stale.set(false);
            let source = source::find(session_user);
            if !self.stale.get() {
                break source;
            }
        }?;
        match self.last_set.current() {
            Some(known) if known.is_from(&source) && known.holds(now) => Some(known),
            _ => {
                let lend = self.last_set.may_lend();
                let read = CachedClaims::new(&source, (self.undecided)(), now, lend);
                Some(self.last_set.replace(Box::new(read), lend))
            }
        }
    }

    /// A setting that the claims depend on has changed. Called by hooks: touches nothing else.
    pub fn changed(&self) {
        self.stale.set(true);
        self.ask_again();
    }

    /// A role has changed, here or elsewhere: that counts from the next statement.
    pub fn roles_changed(&self) {
        self.stale.set(true);
    }

    /// Makes the next reader settle the claims again.
    pub fn ask_again(&self) {
        self.hot.set(None);
        self.revoked.set(None);
        self.authenticated_at.set(None);
        self.settled.set(NEVER);
    }

    /// Calls `each` with the decisions that are kept.
    pub fn decisions(&'static self, each: impl Fn(&D)) {
        if let Some(known) = self.last_set.current() {
            each(&known.decision);
        }
        each(&self.absent.decision);
    }

    /// Releases what earlier claims of the transaction occupied.
    pub fn end_of_transaction(&self) {
        self.last_set.end_of_transaction();
    }
}
