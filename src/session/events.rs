//! The events of sessions, for `authguard.event`.

use super::record::{time, uuid};
use crate::error::Error;
use crate::invalidation;
use crate::pg::call::Value;
use crate::pg::encoding::Utf8;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::{catalog, row_write, transaction, unguarded};
use crate::schema::{self, Table, event as column};
use crate::settings;
use authguard_token::{Event, EventNameError};
use pgrx::Uuid;
use pgrx::pg_sys;
use pgrx::prelude::*;

static NOTIFY: PerBackend<Plan> = Plan::new(
    c"select pg_catalog.pg_notify('authguard', pg_catalog.json_build_object('id', $1, 'name', $2)::pg_catalog.text)",
    &[pg_sys::INT8OID, pg_sys::TEXTOID],
);

/// Writes an event. If `authguard.notify_events` lists its name, also sends the event's id and name
/// to channel `authguard`. Returns the id.
pub fn record(
    name: &str,
    user: Option<&str>,
    session: Option<[u8; 16]>,
    actor: &str,
    reason: Option<&str>,
) -> i64 {
    let id = row_write::next_id(invalidation::objects().event_ids);
    let columns = [
        (column::ID, pg_sys::INT8OID, Value::of(id)),
        (column::NAME, pg_sys::TEXTOID, Value::of(name)),
        (column::USER_ID, pg_sys::TEXTOID, Value::of(user)),
        (
            column::SESSION_ID,
            pg_sys::UUIDOID,
            session.map_or(Value::NULL, uuid),
        ),
        (column::ACTOR, pg_sys::TEXTOID, Value::of(actor)),
        (
            column::BY,
            pg_sys::NAMEOID,
            catalog::role_name_value(unguarded::session_user()),
        ),
        (column::REASON, pg_sys::TEXTOID, Value::of(reason)),
        (
            column::HAPPENED_AT,
            pg_sys::TIMESTAMPTZOID,
            time(unguarded::clock()),
        ),
        (
            column::XID,
            pg_sys::INT8OID,
            Value::of(transaction::number()),
        ),
    ];
    schema::insert(Table::Event, &columns);
    if settings::notifies(name) {
        NOTIFY.run(&[Value::of(id), Value::of(name)], |_| ());
    }
    id
}

/// Raises an error if the application may not record an event of that name.
#[pg_extern(sql = false)]
fn authguard_check_event_name(name: Option<Utf8>) {
    let name = name.as_deref().unwrap_or_default();
    match Event::check_name(name) {
        Ok(()) => {}
        Err(EventNameError::Form) => {
            let message = format!(
                "an event's name has 1 to {} characters A to Z and _",
                Event::MAX_NAME_BYTES
            );
            Error::Argument(message, Some("Such as EMAIL_CHANGED.")).raise()
        }
        Err(EventNameError::Reserved) => Error::Argument(
            format!("event {name} is recorded by authguard only"),
            Some("Record USER_UPDATED, or a name of your own."),
        )
        .raise(),
    }
}

#[pg_extern(sql = false)]
fn authguard_record(
    name: Utf8,
    user: Option<Utf8>,
    session: Option<Uuid>,
    actor: Utf8,
    reason: Option<Utf8>,
) -> i64 {
    let session = session.map(|id| *id.as_bytes());
    record(&name, user.as_deref(), session, &actor, reason.as_deref())
}
