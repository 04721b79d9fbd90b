//! The claims of the current token: where they come from, the memo that keeps them parsed, and the
//! readers that policies call.
//!
//! The memo is dropped whenever the setting, the session user's standing or a role changes, and
//! filled again by the next reader. It may be lost at any time: everything in it is derived.

mod block;
mod readers;
mod source;
mod whoami;

pub use block::{Block, Refusal, Status};

use crate::pg::{call, guc, leaf, shelf::Shelf, state::PerBackend};
use pgrx::pg_sys;
use std::cell::Cell;

struct Memo {
    /// What is current; `None` as soon as anything that it depends on has changed.
    current: Cell<Option<&'static Block>>,
    /// The session user that it was believed (or not) for.
    session_user: Cell<pg_sys::Oid>,
    /// Whether something has changed since it was last read.
    stale: Cell<bool>,
    /// The claims last set; kept while absent, so that a pool's next transaction of the same user
    /// finds them parsed.
    shelf: Shelf<Block>,
}

static MEMO: PerBackend<Memo> = PerBackend::new(Memo {
    current: Cell::new(None),
    session_user: Cell::new(pg_sys::InvalidOid),
    stale: Cell::new(true),
    shelf: Shelf::new(),
});

static ABSENT: PerBackend<Block> = PerBackend::new(Block::absent());

/// The current claims, for raw functions: an error leaves by a jump, so the caller must own nothing.
#[inline(always)]
pub fn current() -> &'static Block {
    match remembered() {
        Some(block) => block,
        None => call::guarded(load),
    }
}

/// The current claims, for functions that pgrx wraps.
pub fn load() -> &'static Block {
    remembered().unwrap_or_else(derive)
}

#[inline(always)]
fn remembered() -> Option<&'static Block> {
    MEMO.current
        .get()
        .filter(|_| MEMO.session_user.get() == leaf::session_user())
}

#[cold]
fn derive() -> &'static Block {
    let session_user = leaf::session_user();
    let source = loop {
        // Marked before the source is read: looking roles up can accept an invalidation, and then what
        // was read may be older than it.
        MEMO.stale.set(false);
        let source = source::find(session_user);
        if !MEMO.stale.get() {
            break source;
        }
    };
    let block = match (source, MEMO.shelf.current()) {
        (None, _) => &*ABSENT,
        (Some(source), Some(block)) if block.is_from(&source) => block,
        (Some(source), _) => {
            let lend = MEMO.shelf.may_lend();
            MEMO.shelf
                .replace(Box::new(Block::new(&source, lend)), lend)
        }
    };
    MEMO.session_user.set(session_user);
    // Where no hook of ours sees the setting change, it is read again by every reader.
    MEMO.current
        .set((!guc::claims_are_foreign()).then_some(block));
    block
}

/// Something that the claims depend on has changed. Called by hooks: touches nothing else.
pub fn changed() {
    MEMO.current.set(None);
    MEMO.stale.set(true);
}

/// Forgets the statement that the last decision was made for: the next check looks again.
pub fn forget_statement() {
    if let Some(block) = MEMO.shelf.current() {
        block.decision.forget_statement();
    }
}

/// Releases what earlier claims of the transaction occupied.
pub fn end_of_transaction() {
    MEMO.shelf.end_of_transaction();
}
