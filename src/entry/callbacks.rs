//! The callbacks at the end of transactions, and after a change elsewhere.

use crate::attached::{self, changes};
use crate::pg::callbacks::{self, Callbacks};
use crate::{access, invalidation, request, schema, session};
use pgrx::pg_sys::SubTransactionId;

static CALLBACKS: Callbacks = Callbacks {
    before_commit: || {
        changes::before_commit();
        session::before_commit();
        invalidation::before_commit();
    },
    before_prepare: || {
        session::before_prepare();
        changes::before_prepare();
        session::before_commit();
    },
    end_of_transaction,
    end_of_subtransaction,
    relation_changed: |relation| invalidation::relation_changed(relation, attached::is_attached),
    role_changed: access::roles_changed,
    function_changed: schema::function_changed,
    schema_changed: schema::names_changed,
};

/// Registers the callbacks. To be called once, from `_PG_init`.
pub fn register() {
    callbacks::register(&CALLBACKS);
}

fn end_of_transaction() {
    changes::end_of_transaction();
    invalidation::end_of_transaction();
    access::forget_statement();
    request::end_of_transaction();
    session::end_of_transaction();
    access::end_of_transaction();
}

fn end_of_subtransaction(id: SubTransactionId, committed: bool) {
    request::end_of_subtransaction(committed);
    if !committed {
        changes::undone(id);
        access::forget_statement();
    }
}
