//! The trigger behind every table that decides something.

use super::call::{Call, guarded, raw_function};
use crate::error::Error;
use crate::invalidation;
use pgrx::pg_sys::{self, Oid};

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

/// Tells every backend at the commit to look again at what `channel`, a relation of ours that nobody opens, stands for.
pub fn tell(channel: Oid) {
    // SAFETY: the relation exists; its invalidation is sent through Postgres's own queue and WAL.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(channel) };
    invalidation::written(channel);
    invalidation::must_last();
}

/// Makes this commit wait for the disk, whatever the caller's `synchronous_commit`.
pub fn commit_durably() {
    // SAFETY: sets a flag of xact.c that the end of the transaction clears.
    unsafe { pg_sys::ForceSyncCommit() };
}

/// Whether commits may wait for standbys (`SyncRepRequested` and its list in replication/syncrep.h)
/// but this transaction would not.
pub fn skips_standbys() -> bool {
    const ON: i32 = 3; // SYNCHRONOUS_COMMIT_REMOTE_FLUSH in access/xact.h
    // SAFETY: reads two settings of guc.c.
    unsafe {
        let standbys = pg_sys::SyncRepStandbyNames;
        !standbys.is_null() && *standbys != 0 && pg_sys::synchronous_commit < ON
    }
}
