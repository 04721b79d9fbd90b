//! What Postgres calls back at the end of transactions and when something elsewhere has changed
//! (src/backend/access/transam/xact.c, src/backend/utils/cache/inval.c).

use crate::attached::{self, changes};
use crate::request::{seal, set_in_transaction};
use crate::{access, invalidation, session};
use pgrx::pg_guard;
use pgrx::pg_sys::{self, SubXactEvent, XactEvent};
use std::ffi::c_void;
use std::ptr;

/// Registers the callbacks. To be called once, from `_PG_init`.
pub fn register() {
    // SAFETY: the functions are statics of a library that is never unloaded.
    unsafe {
        pg_sys::RegisterXactCallback(Some(at_transaction), ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(at_subtransaction), ptr::null_mut());
        pg_sys::CacheRegisterRelcacheCallback(Some(at_relation_change), pg_sys::Datum::from(0));
        pg_sys::CacheRegisterSyscacheCallback(
            pg_sys::SysCacheIdentifier::AUTHOID as _,
            Some(at_role_change),
            pg_sys::Datum::from(0),
        );
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_transaction(event: XactEvent::Type, _arg: *mut c_void) {
    match event {
        XactEvent::XACT_EVENT_PRE_COMMIT => {
            changes::before_commit();
            invalidation::before_commit();
        }
        XactEvent::XACT_EVENT_PRE_PREPARE => {
            session::before_prepare();
            changes::before_prepare();
        }
        XactEvent::XACT_EVENT_COMMIT
        | XactEvent::XACT_EVENT_PARALLEL_COMMIT
        | XactEvent::XACT_EVENT_ABORT
        | XactEvent::XACT_EVENT_PARALLEL_ABORT
        | XactEvent::XACT_EVENT_PREPARE => {
            changes::end_of_transaction();
            invalidation::end_of_transaction();
            access::forget_statement();
            seal::end_of_transaction();
            session::end_of_transaction();
            set_in_transaction::end_of_transaction();
            access::end_of_transaction();
        }
        _ => {}
    }
}

unsafe extern "C-unwind" fn at_subtransaction(
    event: SubXactEvent::Type,
    id: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    match event {
        SubXactEvent::SUBXACT_EVENT_ABORT_SUB => {
            changes::undone(id);
            seal::end_of_subtransaction(false);
            set_in_transaction::end_of_subtransaction(false);
            access::forget_statement();
        }
        SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => {
            seal::end_of_subtransaction(true);
            set_in_transaction::end_of_subtransaction(true);
        }
        _ => {}
    }
}

unsafe extern "C-unwind" fn at_relation_change(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    invalidation::relation_changed(relation, attached::is_attached);
}

unsafe extern "C-unwind" fn at_role_change(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    access::roles_changed();
}
