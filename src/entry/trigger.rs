//! The trigger behind every table that decides something.

use crate::error::Error;
use crate::invalidation;
use crate::pg::call::{Call, guarded, raw_function};
use pgrx::pg_sys;

raw_function!(
    /// Tells every backend, here and on standbys, to look again, and makes this commit durable. The
    /// trigger's argument is the channel, if not `authguard.channel`.
    authguard_invalidate,
    |call| {
        guarded(|| invalidate(call));
        pg_sys::Datum::from(0)
    }
);

fn invalidate(call: Call) {
    let fcinfo = call.fcinfo();
    // SAFETY: fcinfo is alive for the call; `context` is NULL or a node, and a TriggerData exactly
    // when its tag says so (CALLED_AS_TRIGGER in commands/trigger.h).
    let (schema, channel, opens) = unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            Error::NotATrigger.raise();
        }
        let trigger = &*context.cast::<pg_sys::TriggerData>();
        let event = trigger.tg_event & pg_sys::TRIGGER_EVENT_OPMASK;
        let definition = &*trigger.tg_trigger;
        let channel = match definition.tgnargs {
            0 => c"channel".as_ptr(),
            _ => (*definition.tgargs).cast_const(),
        };
        let deletes = matches!(
            event,
            pg_sys::TRIGGER_EVENT_DELETE | pg_sys::TRIGGER_EVENT_TRUNCATE
        );
        (
            (*(*trigger.tg_relation).rd_rel).relnamespace,
            channel,
            // To forget an entry closes nothing; to forget a key or an issuer does.
            deletes && definition.tgnargs == 0,
        )
    };
    // SAFETY: looks names up in the system caches. The channel is a relation that nobody ever opens:
    // it exists so that its invalidation can be sent, at commit, through Postgres's own queue and WAL.
    let channel = unsafe {
        let found = pg_sys::get_relname_relid(channel, schema);
        if found == pg_sys::InvalidOid {
            Error::NoSchema.raise();
        }
        pg_sys::CacheInvalidateRelcacheByRelid(found);
        found
    };
    invalidation::written(channel);
    if !opens {
        invalidation::must_last();
    }
}
