//! The trigger of every table that decides something.

use crate::error::Error;
use crate::invalidation;
use crate::pg::call::{Call, guarded, raw_function};
use crate::pg::catalog;
use crate::pg::transaction;
use crate::pg::trigger::{Event, TriggerCall};
use pgrx::pg_sys;

raw_function!(
    /// Makes every backend, here and on standbys, look again at the commit, and makes the commit
    /// durable. The trigger's argument is the channel, `channel` if it has none.
    authguard_invalidate,
    |call| {
        guarded(|| invalidate(call));
        pg_sys::Datum::from(0)
    }
);

fn invalidate(call: Call) {
    let trigger = TriggerCall::of(call);
    // A relation that nobody opens: it exists so that its invalidation can be sent.
    let channel = catalog::relation(trigger.argument().unwrap_or(c"channel"), trigger.schema());
    let channel = channel.unwrap_or_else(|| Error::NoSchema.raise());
    transaction::invalidate(channel);
    invalidation::written(channel);
    // To forget an entry closes nothing; to forget a key or an issuer does.
    let forgets = matches!(trigger.event(), Event::Delete | Event::Truncate);
    if !(forgets && trigger.argument().is_none()) {
        invalidation::must_last();
    }
}
