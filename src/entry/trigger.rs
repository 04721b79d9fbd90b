//! The trigger of every table that decides something.

use crate::error::Error;
use crate::invalidation;
use crate::pg::call::{Call, guarded, raw_function};
use crate::pg::catalog;
use crate::pg::transaction;
use crate::pg::trigger::{Event, TriggerCall};
use pgrx::pg_sys;

raw_function!(
    /// Makes every backend, here and on standbys, look again at the commit. Makes the commit
    /// durable unless it only forgets entries. The trigger's argument is the name of the channel;
    /// without an argument it is `channel`.
    authguard_invalidate,
    |call| {
        guarded(|| invalidate(call));
        pg_sys::Datum::from(0)
    }
);

fn invalidate(call: Call) {
    let trigger = TriggerCall::of(call);
    // Nobody opens this relation. It exists so that its invalidation can be sent.
    let channel = catalog::relation(trigger.argument().unwrap_or(c"channel"), trigger.schema());
    let channel = channel.unwrap_or_else(|| Error::NoSchema.raise());
    transaction::invalidate(channel);
    invalidation::written(channel);
    // Forgetting an entry closes nothing, but forgetting a key or an issuer does.
    let forgets = matches!(trigger.event(), Event::Delete | Event::Truncate);
    if !(forgets && trigger.argument().is_none()) {
        invalidation::must_last();
    }
}
