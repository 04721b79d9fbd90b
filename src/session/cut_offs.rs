//! Cut-offs that this transaction has written. A cut-off covers every token that exists when it
//! commits.
//!
//! Sessions of this database: a cut-off holds a lock until its transaction has ended, and a session
//! that begins waits for it ([`wait::for_cut_offs`](super::wait::for_cut_offs)). So each session
//! either is older than the cut-off, or has seen it. Tokens of other issuers have whole seconds: if
//! the second of the cut-off is over, the commit dates the cut-off again.

use super::transaction::has_answered;
use crate::pg::call::{Value, guarded, raw_function};
use crate::pg::plan::Plan;
use crate::pg::restricted::as_restricted;
use crate::pg::state::PerBackend;
use crate::pg::transaction::{self, with_snapshot};
use crate::pg::{lock, memory, timestamp, unguarded};
use crate::schema::{self, Table};
use pgrx::pg_sys::{self, Datum, TimestampTz};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The name of the lock for cut-offs of an issuer.
const OF_ISSUER: &[u8] = b"";

static DATE_AGAIN: PerBackend<Plan> = Plan::new(
    c"select authguard.date_cut_off($1, $2, $3, $4)",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
    ],
);

/// Kind, key and issuer of an entry, in the database's encoding.
type EntryKey = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

/// The cut-off of an entry, as this transaction has first written it.
struct CutOff {
    dated: TimestampTz,
    /// The owner of the function that has written it, who may date it again.
    writer: pg_sys::Oid,
}

/// All are dated again in one order, so that no two transactions wait for each other.
static WRITTEN: PerBackend<RefCell<BTreeMap<EntryKey, CutOff>>> =
    PerBackend::new(RefCell::new(BTreeMap::new()));

raw_function!(
    /// `authguard.lock_cut_offs(key)`: until this transaction ends, no session of the user begins;
    /// with an empty key, no session at all.
    authguard_lock_cut_offs,
    |call| guarded(|| {
        // In UTF-8, as `are_committed` and `lock` name the user.
        let key = call.text(0).unwrap_or_default();
        lock::take(schema::objects().table(Table::Revocation), key.as_bytes(), lock::Mode::Exclusive);
        Datum::from(0)
    })
);

raw_function!(
    /// `authguard.date_at_commit(kind, key, issuer, issued_before)`.
    authguard_date_at_commit,
    |call| guarded(|| {
        let bytes = |index| call.bytes(index).map(<[u8]>::to_vec);
        if let (Some(kind), Some(key), Some(dated)) = (bytes(0), bytes(1), call.argument(3)) {
            let cut_off = CutOff {
                dated: dated.value() as TimestampTz,
                writer: transaction::current_user(),
            };
            let entry = (kind, key, bytes(2));
            WRITTEN.borrow_mut().entry(entry).or_insert(cut_off);
        }
        Datum::from(0)
    })
);

/// Returns true if no other transaction is writing a cut-off that covers sessions of this user (in
/// canonical form).
pub fn are_committed(user: &str) -> bool {
    let class = schema::objects().table(Table::Revocation);
    lock::is_free(class, user.as_bytes()) && lock::is_free(class, OF_ISSUER)
}

/// Takes the lock for cut-offs of this user (in canonical form) until the transaction ends.
pub fn lock(user: &str) {
    lock::take(
        schema::objects().table(Table::Revocation),
        user.as_bytes(),
        lock::Mode::Exclusive,
    );
}

/// Dates the cut-offs of this transaction again: it commits, or is prepared. If it has issued
/// tokens, they have seen its cut-offs and must stay later.
pub fn before_commit() {
    let mut written = WRITTEN.take();
    let second = unguarded::clock().div_euclid(1_000_000);
    written
        .retain(|_, cut_off| timestamp::unix_micros(cut_off.dated).div_euclid(1_000_000) < second);
    if written.is_empty() || has_answered() {
        return;
    }
    let text = |bytes: &[u8]| Value::from(Some(memory::text(bytes)));
    with_snapshot(|| {
        for ((kind, key, issuer), cut_off) in &written {
            memory::scratch(|| {
                let entry = [
                    text(kind),
                    text(key),
                    issuer.as_deref().map_or(Value::NULL, text),
                    Value::of(cut_off.dated),
                ];
                as_restricted(cut_off.writer, || DATE_AGAIN.run(&entry, |_| ()));
            });
        }
    });
}

/// Forgets the cut-offs of a transaction that has ended, committed or not.
pub fn end_of_transaction() {
    drop(WRITTEN.take());
}
