//! The claims of the current token: where they come from, the memo that keeps them parsed, and the
//! readers that policies call.
//!
//! The memo is settled by the first reader of a statement, and again when a setting changes. It may be
//! lost at any time: everything in it is derived. A session user who is changed while a statement runs
//! counts from the next one, or from the next change of the setting.

mod block;
mod readers;
mod source;
mod whoami;

pub use block::{Block, Status};
pub use source::{Origin, Refusal};

use crate::invalidation;
use crate::pg::{
    call, call::Value, leaf, leaf::NEVER, message, request, seal, shelf::Shelf, state::PerBackend,
    transaction,
};
use pgrx::pg_sys;
use std::cell::Cell;

struct Memo {
    /// The block for the rows of this statement: settled, and may be pointed into. `None` where a reader
    /// must ask first.
    hot: Cell<Option<&'static Block>>,
    /// Whether those claims are revoked, once that is decided for this statement.
    revoked: Cell<Option<bool>>,
    /// When their user last authenticated, once that is looked up for this statement.
    authenticated_at: Cell<Option<Value>>,
    /// The statement for which `block` is settled.
    settled: Cell<i64>,
    block: Cell<&'static Block>,
    /// Whether what the block came from has changed since.
    stale: Cell<bool>,
    /// The session user that it was believed (or not) for.
    session_user: Cell<pg_sys::Oid>,
    /// The claims last set; kept while absent, so that a pool's next transaction of the same user
    /// finds them parsed.
    shelf: Shelf<Block>,
}

static MEMO: PerBackend<Memo> = PerBackend::new(Memo {
    hot: Cell::new(None),
    revoked: Cell::new(None),
    authenticated_at: Cell::new(None),
    settled: Cell::new(NEVER),
    block: Cell::new(ABSENT.value()),
    stale: Cell::new(true),
    session_user: Cell::new(pg_sys::InvalidOid),
    shelf: Shelf::new(),
});

static ABSENT: PerBackend<Block> = PerBackend::new(Block::absent());

/// The claims, where they are settled for this statement and may be pointed into.
#[inline(always)]
pub fn hot() -> Option<&'static Block> {
    MEMO.hot.get()
}

/// Whether the claims are revoked, where that is decided for this statement.
#[inline(always)]
pub fn revoked() -> Option<bool> {
    MEMO.revoked.get()
}

/// Remembers for this statement whether the claims are revoked.
pub fn decided(revoked: bool) {
    if MEMO.hot.get().is_some() {
        MEMO.revoked.set(Some(revoked));
    }
}

/// When the user last authenticated, where that is looked up for this statement.
#[inline(always)]
fn authenticated_at() -> Option<Value> {
    MEMO.authenticated_at.get()
}

/// Remembers that for this statement.
fn looked_up(authenticated_at: Value) {
    if MEMO.hot.get().is_some() {
        MEMO.authenticated_at.set(Some(authenticated_at));
    }
}

/// The current claims, for raw functions: an error leaves by a jump, so the caller must own nothing.
#[inline(always)]
pub fn current() -> &'static Block {
    match hot() {
        Some(block) => block,
        None => call::guarded(load),
    }
}

/// The current claims, for functions that pgrx wraps. They are settled once a statement, and again
/// when a setting changes within it.
pub fn load() -> &'static Block {
    let now = leaf::statement_start();
    // What this transaction writes counts from its next command, so each call looks for it.
    if MEMO.settled.get() == now && !invalidation::has_written() {
        return MEMO.block.get();
    }
    transaction::accept_invalidations();
    let session_user = leaf::session_user();
    // Where no hook of ours sees the setting change, it is read again by every reader.
    let foreign = request::claims_are_foreign();
    if foreign
        || MEMO.stale.get()
        || MEMO.session_user.get() != session_user
        || !MEMO.block.get().holds(now)
    {
        // An error on the way leaves no claims that could be taken for these: it is derived again.
        ask_again();
        MEMO.session_user.set(pg_sys::InvalidOid);
        MEMO.block.set(derive(session_user, now));
        MEMO.session_user.set(session_user);
    }
    let block = MEMO.block.get();
    if !matches!(
        block.status,
        Status::Absent | Status::Refused(Refusal::NotAGateway)
    ) {
        seal::read();
    }
    if !foreign {
        MEMO.settled.set(now);
        let hot = block.lends() && !invalidation::has_written() && message::await_next(ask_again);
        MEMO.hot.set(hot.then_some(block));
    }
    block
}

#[cold]
fn derive(session_user: pg_sys::Oid, now: i64) -> &'static Block {
    let source = loop {
        // Marked before the source is read: looking roles up can accept an invalidation, and then what
        // was read may be older than it.
        MEMO.stale.set(false);
        let source = source::find(session_user);
        if !MEMO.stale.get() {
            break source;
        }
    };
    match (source, MEMO.shelf.current()) {
        (None, _) => ABSENT.value(),
        (Some(source), Some(block)) if block.is_from(&source) && block.holds(now) => block,
        (Some(source), _) => {
            let lend = MEMO.shelf.may_lend();
            MEMO.shelf
                .replace(Box::new(Block::new(&source, now, lend)), lend)
        }
    }
}

/// A setting that the claims depend on has changed. Called by hooks: touches nothing else.
pub fn changed() {
    MEMO.stale.set(true);
    ask_again();
}

/// A role has changed, here or elsewhere: that counts from the next statement.
pub fn roles_changed() {
    MEMO.stale.set(true);
}

/// Makes the next reader settle the claims again.
pub fn ask_again() {
    MEMO.hot.set(None);
    MEMO.revoked.set(None);
    MEMO.authenticated_at.set(None);
    MEMO.settled.set(NEVER);
}

/// Forgets the statement that the last decision was made for: the next check looks again.
pub fn forget_statement() {
    ask_again();
    if let Some(block) = MEMO.shelf.current() {
        block.decision.forget_statement();
    }
    ABSENT.decision.forget_statement();
}

/// Releases what earlier claims of the transaction occupied.
pub fn end_of_transaction() {
    MEMO.shelf.end_of_transaction();
}
