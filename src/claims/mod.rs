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
    /// False as soon as anything that the claims depend on has changed.
    fresh: Cell<bool>,
    /// The session user that they were believed (or not) for.
    session_user: Cell<pg_sys::Oid>,
    /// Whether anything is set at all.
    present: Cell<bool>,
    /// The claims last set; kept while absent, so that a pool's next transaction of the same user
    /// finds them parsed.
    shelf: Shelf<Block>,
}

static MEMO: PerBackend<Memo> = PerBackend::new(Memo {
    fresh: Cell::new(false),
    session_user: Cell::new(pg_sys::InvalidOid),
    present: Cell::new(false),
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
    if !MEMO.fresh.get() || MEMO.session_user.get() != leaf::session_user() {
        return None;
    }
    if MEMO.present.get() {
        MEMO.shelf.current()
    } else {
        Some(&ABSENT)
    }
}

#[cold]
fn derive() -> &'static Block {
    let session_user = leaf::session_user();
    // Set before the source is read: looking roles up can accept an invalidation that unsets it.
    MEMO.fresh.set(!guc::claims_are_foreign());
    let source = source::find(session_user);
    MEMO.session_user.set(session_user);
    MEMO.present.set(source.is_some());
    let Some(source) = source else { return &ABSENT };
    match MEMO.shelf.current() {
        Some(block) if block.is_from(&source) => block,
        _ => {
            let lend = MEMO.shelf.may_lend();
            MEMO.shelf
                .replace(Box::new(Block::new(&source, lend)), lend)
        }
    }
}

/// Something that the claims depend on has changed. Called by hooks: touches nothing else.
pub fn changed() {
    MEMO.fresh.set(false);
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
