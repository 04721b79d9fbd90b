//! The triggers on attached tables (src/backend/commands/trigger.c).

use crate::attached::changes::{Change, noted};
use crate::attached::{AttachedKind, Layout, table};
use crate::error::Error;
use crate::invalidation;
use crate::pg::call::{Call, guarded, raw_function};
use crate::pg::catalog::Row;
use pgrx::pg_sys;

raw_function!(
    /// Tells every backend that rows of an attached table have changed: to look again for what was not there, after an
    /// insert; for all, after a change that decides. It makes the commit of one durable.
    authguard_attached_changed,
    |call| {
        guarded(|| changed(call));
        pg_sys::Datum::from(0)
    }
);

raw_function!(
    /// Notes that what tokens say about a user has changed; the commit tells of it.
    authguard_attached_user_changed,
    |call| {
        guarded(|| user_changed(call));
        pg_sys::Datum::from(0)
    }
);

fn changed(call: Call) {
    let trigger = data(call);
    let objects = invalidation::objects();
    // SAFETY: the trigger is alive for the call.
    let declares = unsafe { (*trigger.tg_trigger).tgnattr > 0 };
    let channel = match trigger.tg_event & pg_sys::TRIGGER_EVENT_OPMASK {
        pg_sys::TRIGGER_EVENT_INSERT => objects.arrival_channel,
        // The trigger that declares the columns also fires when one of them is only named in an UPDATE; another one
        // fires when it has changed.
        pg_sys::TRIGGER_EVENT_UPDATE if declares => return,
        _ => objects.channel,
    };
    let shuts = channel == objects.channel;
    // SAFETY: as in `trigger`: the channel exists, and nobody opens it.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(channel) };
    invalidation::written(channel);
    if shuts {
        invalidation::must_last();
    }
}

fn user_changed(call: Call) {
    let trigger = data(call);
    // SAFETY: an update has a new tuple, and its relation is open, both for the length of the call.
    let (row, relation) = unsafe {
        let relation = trigger.tg_relation;
        (
            Row::of(trigger.tg_newtuple, (*relation).rd_att),
            (*relation).rd_id,
        )
    };
    let Some(row) = row else {
        return;
    };
    let user = table::open(relation, |table| {
        let layout = Layout::read(table, AttachedKind::Users).ok()?;
        layout.id(&row)
    });
    if let Some(user) = user.flatten() {
        // SAFETY: both return statics; the function is SECURITY DEFINER, so the user is its owner.
        let (within, teller) =
            unsafe { (pg_sys::GetCurrentSubTransactionId(), pg_sys::GetUserId()) };
        noted(relation, user, Change { within, teller });
    }
}

fn data(call: Call) -> &'static pg_sys::TriggerData {
    // SAFETY: fcinfo is alive for the call; `context` is NULL or a node, and a TriggerData exactly when its tag says so
    // (CALLED_AS_TRIGGER in commands/trigger.h). The reference is not kept beyond the call.
    unsafe {
        let context = (*call.fcinfo()).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            Error::NotATrigger.raise();
        }
        &*context.cast::<pg_sys::TriggerData>()
    }
}
