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

pub use block::{Block, Refusal, Status};

use crate::pg::{call, guc, leaf, shelf::Shelf, state::PerBackend, transaction};
use crate::revocation;
use pgrx::pg_sys;
use std::cell::Cell;

/// No statement starts at this time.
pub const NEVER: i64 = i64::MIN;

struct Memo {
    /// The statement for which `block` is settled and may be pointed into; [`NEVER`] where a reader
    /// must ask first.
    hot: Cell<i64>,
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
    hot: Cell::new(NEVER),
    settled: Cell::new(NEVER),
    block: Cell::new(ABSENT.value()),
    stale: Cell::new(true),
    session_user: Cell::new(pg_sys::InvalidOid),
    shelf: Shelf::new(),
});

static ABSENT: PerBackend<Block> = PerBackend::new(Block::absent());

/// The claims of statement `now`, where they are settled and may be pointed into.
#[inline(always)]
pub fn hot(now: i64) -> Option<&'static Block> {
    (MEMO.hot.get() == now).then(|| MEMO.block.get())
}

/// The current claims, for raw functions: an error leaves by a jump, so the caller must own nothing.
#[inline(always)]
pub fn current() -> &'static Block {
    match hot(leaf::statement_start()) {
        Some(block) => block,
        None => call::guarded(load),
    }
}

/// The current claims, for functions that pgrx wraps. They are settled once a statement, and again
/// when a setting changes within it.
pub fn load() -> &'static Block {
    let now = leaf::statement_start();
    if MEMO.settled.get() == now {
        return MEMO.block.get();
    }
    transaction::accept_invalidations();
    let session_user = leaf::session_user();
    // Where no hook of ours sees the setting change, it is read again by every reader.
    let foreign = guc::claims_are_foreign();
    if foreign || MEMO.stale.get() || MEMO.session_user.get() != session_user {
        MEMO.block.set(derive(session_user));
        MEMO.session_user.set(session_user);
    }
    let block = MEMO.block.get();
    if !foreign {
        MEMO.settled.set(now);
        // What this transaction writes counts from the next command, so each call looks for it.
        let asks = !block.lends() || revocation::has_written();
        MEMO.hot.set(if asks { NEVER } else { now });
    }
    block
}

#[cold]
fn derive(session_user: pg_sys::Oid) -> &'static Block {
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
        (Some(source), Some(block)) if block.is_from(&source) => block,
        (Some(source), _) => {
            let lend = MEMO.shelf.may_lend();
            MEMO.shelf
                .replace(Box::new(Block::new(&source, lend)), lend)
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
    MEMO.hot.set(NEVER);
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
