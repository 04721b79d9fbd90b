//! The triggers of attached tables.

use crate::attached::changes::{Change, noted};
use crate::attached::{AttachedKind, Layout, table};
use crate::invalidation;
use crate::pg::call::{Call, guarded, raw_function};
use crate::pg::transaction;
use crate::pg::trigger::{Event, TriggerCall};
use pgrx::pg_sys;

raw_function!(
    /// Makes every backend look again at the commit. After an insert, backends look only for rows
    /// that were not there; after a change that decides, for all rows. The commit of such a change
    /// is made durable.
    authguard_attached_changed,
    |call| {
        guarded(|| changed(call));
        pg_sys::Datum::from(0)
    }
);

raw_function!(
    /// Notes that a user's row has changed in something that tokens say about the user. The commit
    /// writes the change down.
    authguard_attached_user_changed,
    |call| {
        guarded(|| user_changed(call));
        pg_sys::Datum::from(0)
    }
);

fn changed(call: Call) {
    let trigger = TriggerCall::of(call);
    let objects = invalidation::objects();
    let channel = match trigger.event() {
        Event::Insert => objects.arrival_channel,
        // The trigger that declares the columns fires even if an UPDATE only names one of them.
        // Another trigger fires if one has changed.
        Event::Update if trigger.declares_columns() => return,
        _ => objects.channel,
    };
    transaction::invalidate(channel);
    invalidation::written(channel);
    if channel == objects.channel {
        invalidation::must_last();
    }
}

fn user_changed(call: Call) {
    let trigger = TriggerCall::of(call);
    let Some(row) = trigger.new_row() else {
        return;
    };
    let user = table::open(trigger.table(), |table| {
        let layout = Layout::read(table, AttachedKind::Users).ok()?;
        layout.id(&row)
    });
    if let Some(user) = user.flatten() {
        let change = Change {
            within: transaction::current_subtransaction(),
            teller: transaction::current_user(),
        };
        noted(trigger.table(), user, change);
    }
}
