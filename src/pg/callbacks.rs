//! Callbacks at the end of transactions, and after a change elsewhere
//! (src/backend/access/transam/xact.c, src/backend/utils/cache/inval.c).

use super::call::guarded_hook;
use super::shortage::{retake_room, without_failing};
use super::undone;
use pgrx::pg_sys::{self, Oid, SubTransactionId, SubXactEvent, SysCacheIdentifier, XactEvent};
use std::ffi::c_void;

/// The functions that Postgres calls. Only the first two may raise an error. When the others run,
/// the transaction has ended or is being rolled back, so that the session ends if one fails.
pub struct Callbacks {
    /// The transaction commits, and runs no more code of its client.
    pub before_commit: fn(),
    /// The transaction is prepared, and runs no more code of its client.
    pub before_prepare: fn(),
    /// A transaction has ended: committed, prepared or rolled back.
    pub end_of_transaction: fn(),
    /// A subtransaction ends, and is still the current one. The flag is true if it commits.
    pub end_of_subtransaction: fn(SubTransactionId, bool),
    /// A relation has changed, here or elsewhere; `InvalidOid` for all of them.
    pub relation_changed: fn(Oid),
    /// A role has changed, here or elsewhere.
    pub role_changed: fn(),
    /// A function has changed, here or elsewhere. The number is its hash, as
    /// `catalog::function_hash` makes it, or 0 for all functions.
    pub function_changed: fn(u32),
    /// A schema has changed, here or elsewhere.
    pub schema_changed: fn(),
}

type SyscacheCallback = unsafe extern "C-unwind" fn(pg_sys::Datum, i32, u32);

/// Registers the callbacks. To be called once, from `_PG_init`.
pub fn register(callbacks: &'static Callbacks) {
    let argument = std::ptr::from_ref(callbacks).cast_mut().cast::<c_void>();
    // SAFETY: the functions are statics of a library that is never unloaded, and take a pointer to
    // a static.
    unsafe {
        pg_sys::RegisterXactCallback(Some(at_transaction), argument);
        pg_sys::RegisterSubXactCallback(Some(at_subtransaction), argument);
        pg_sys::CacheRegisterRelcacheCallback(
            Some(at_relation_change),
            pg_sys::Datum::from(argument),
        );
        for (cache, callback) in [
            (
                SysCacheIdentifier::AUTHOID,
                at_role_change as SyscacheCallback,
            ),
            (SysCacheIdentifier::PROCOID, at_function_change),
            (SysCacheIdentifier::NAMESPACEOID, at_schema_change),
        ] {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as _,
                Some(callback),
                pg_sys::Datum::from(argument),
            );
        }
    }
}

/// # Safety
/// `argument` is the one that `register` has registered.
unsafe fn registered(argument: *mut c_void) -> &'static Callbacks {
    // SAFETY: as the caller promises.
    unsafe { &*argument.cast::<Callbacks>() }
}

unsafe extern "C-unwind" fn at_transaction(event: XactEvent::Type, argument: *mut c_void) {
    // SAFETY: Postgres hands the argument back.
    let callbacks = unsafe { registered(argument) };
    undone::ends(!matches!(
        event,
        XactEvent::XACT_EVENT_ABORT | XactEvent::XACT_EVENT_PARALLEL_ABORT
    ));
    match event {
        XactEvent::XACT_EVENT_PRE_COMMIT => guarded_hook(callbacks.before_commit),
        XactEvent::XACT_EVENT_PRE_PREPARE => guarded_hook(callbacks.before_prepare),
        XactEvent::XACT_EVENT_COMMIT
        | XactEvent::XACT_EVENT_PARALLEL_COMMIT
        | XactEvent::XACT_EVENT_ABORT
        | XactEvent::XACT_EVENT_PARALLEL_ABORT
        | XactEvent::XACT_EVENT_PREPARE => without_failing(callbacks.end_of_transaction),
        _ => {}
    }
}

unsafe extern "C-unwind" fn at_subtransaction(
    event: SubXactEvent::Type,
    id: SubTransactionId,
    _parent: SubTransactionId,
    argument: *mut c_void,
) {
    // SAFETY: as in at_transaction().
    let callbacks = unsafe { registered(argument) };
    undone::ends(event != SubXactEvent::SUBXACT_EVENT_ABORT_SUB);
    // An error that is caught in SQL ends a subtransaction, and one begins before it.
    retake_room();
    without_failing(|| match event {
        SubXactEvent::SUBXACT_EVENT_ABORT_SUB => (callbacks.end_of_subtransaction)(id, false),
        SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => (callbacks.end_of_subtransaction)(id, true),
        _ => {}
    });
}

unsafe extern "C-unwind" fn at_relation_change(argument: pg_sys::Datum, relation: Oid) {
    // SAFETY: as in at_transaction().
    let changed = unsafe { registered(argument.cast_mut_ptr()) }.relation_changed;
    without_failing(|| changed(relation));
}

unsafe extern "C-unwind" fn at_role_change(argument: pg_sys::Datum, _cache: i32, _hash: u32) {
    // SAFETY: as in at_transaction().
    let changed = unsafe { registered(argument.cast_mut_ptr()) }.role_changed;
    without_failing(changed);
}

unsafe extern "C-unwind" fn at_function_change(argument: pg_sys::Datum, _cache: i32, hash: u32) {
    // SAFETY: as in at_transaction().
    let changed = unsafe { registered(argument.cast_mut_ptr()) }.function_changed;
    without_failing(|| changed(hash));
}

unsafe extern "C-unwind" fn at_schema_change(argument: pg_sys::Datum, _cache: i32, _hash: u32) {
    // SAFETY: as in at_transaction().
    let changed = unsafe { registered(argument.cast_mut_ptr()) }.schema_changed;
    without_failing(changed);
}
